#include "boot/dom0/decoders/unpack.hpp"

#define ZSTD_STATIC_LINKING_ONLY
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>

#include "boot/dom0/decoders/support.hpp"

namespace basalt::dom0 {
namespace {

// A decoder answers whether it filled the whole of `to`.
using Output = std::span<std::byte>;

std::uint8_t* octets(Output bytes) { return reinterpret_cast<std::uint8_t*>(bytes.data()); }
const std::uint8_t* octets(Bytes bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

bool unpack_xz(Bytes from, Output to) {
    std::uint64_t limit = UINT64_MAX;
    std::size_t from_at = 0;
    std::size_t to_at = 0;
    const lzma_ret ended =
        lzma_stream_buffer_decode(&limit, 0, nullptr, octets(from), &from_at, from.size(), octets(to), &to_at, to.size());
    return ended == LZMA_OK && to_at == to.size();
}

bool unpack_gzip(Bytes from, Output to) {
    constexpr int gzip_with_largest_window = 31;
    z_stream stream{};
    stream.next_in = const_cast<Bytef*>(octets(from));
    stream.avail_in = static_cast<uInt>(from.size());
    stream.next_out = octets(to);
    stream.avail_out = static_cast<uInt>(to.size());
    if (inflateInit2(&stream, gzip_with_largest_window) != Z_OK) return false;
    const int ended = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return ended == Z_STREAM_END && stream.total_out == to.size();
}

bool unpack_zstd(Bytes from, Output to, Output scratch) {
    ZSTD_DCtx* context = ZSTD_initStaticDCtx(scratch.data(), scratch.size());
    return context != nullptr && ZSTD_decompressDCtx(context, to.data(), to.size(), from.data(), from.size()) == to.size();
}

// The legacy frame that kernels use: a magic number, then blocks of at most 8 MiB, each after its size.
bool unpack_lz4(Bytes from, Output to) {
    constexpr std::size_t block_size = 8 << 20;
    from = from.subspan(sizeof(std::uint32_t));
    while (from.size() >= sizeof(std::uint32_t) && !to.empty()) {
        std::uint32_t packed;
        std::memcpy(&packed, from.data(), sizeof(packed));
        from = from.subspan(sizeof(packed));
        if (packed > from.size()) return false;
        const std::size_t room = to.size() < block_size ? to.size() : block_size;
        const int unpacked = LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(to.data()),
                                                 static_cast<int>(packed), static_cast<int>(room));
        if (unpacked <= 0) return false;
        from = from.subspan(packed);
        to = to.subspan(static_cast<std::size_t>(unpacked));
    }
    return to.empty();
}

bool unpacked(const Payload& payload, Output to, Output scratch) {
    switch (payload.packing) {
        case Packing::xz: return unpack_xz(payload.bytes, to);
        case Packing::gzip: return unpack_gzip(payload.bytes, to);
        case Packing::zstd: return unpack_zstd(payload.bytes, to, scratch);
        case Packing::lz4: return unpack_lz4(payload.bytes, to);
        case Packing::none:
        case Packing::unknown: break;
    }
    return false;
}

}  // namespace

// xz keeps a dictionary of 32 MiB; zstd's context is some 96 KiB, zlib's state 7 KiB.
std::size_t scratch_for(Packing packing) {
    switch (packing) {
        case Packing::xz: return std::size_t{40} << 20;
        case Packing::none: return 0;
        default: return std::size_t{1} << 20;
    }
}

Started<> unpack(const Payload& payload, std::span<std::byte> to, std::span<std::byte> scratch) {
    const LibraryRoom room(scratch);
    if (unpacked(payload, to, scratch)) return {};
    return because("its compressed part is damaged");
}

}  // namespace basalt::dom0
