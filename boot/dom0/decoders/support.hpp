// What the libraries expect around them: a heap, a stack-protector cookie at FS, SSE switched on.
#pragma once

#include <cstddef>
#include <span>

namespace basalt::dom0 {

// While one of these lives, the libraries can run; their heap is `scratch`.
class LibraryRoom {
public:
    explicit LibraryRoom(std::span<std::byte> scratch);
    ~LibraryRoom();
    LibraryRoom(const LibraryRoom&) = delete;
    LibraryRoom& operator=(const LibraryRoom&) = delete;

private:
    unsigned long control0_;
    unsigned long control4_;
    unsigned long fs_base_;
};

}  // namespace basalt::dom0
