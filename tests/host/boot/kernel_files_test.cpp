// What Dom0's kernel may be: files that are whole, cut short, or nonsense. Each refusal says what is wrong.
#include "boot/dom0/kernel_image.hpp"
#include "boot/dom0/plan.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace basalt::dom0 {
namespace {

constexpr std::uint64_t base = 0xffff'ffff'8000'0000;
constexpr std::size_t notes_at = 64 + 2 * 56;
constexpr std::size_t code_at = 4096;

// A kernel of two segments, its notes and a page of code, as the linker would write it.
class File {
public:
    File() : bytes_(code_at + page_size) {
        put(0, "\x7f"
               "ELF\x02\x01\x01");
        field<std::uint16_t>(18, 62);                // x86-64
        field<std::uint64_t>(24, base + 0x100'0000);  // entry
        field<std::uint64_t>(32, 64);                // where the list of segments is
        field<std::uint16_t>(54, 56);
        field<std::uint16_t>(56, 2);
        segment(0, 4, notes_at, 0, 0);
        segment(1, 1, code_at, 0x100'0000, page_size);
        note(6, "xen-3.0");
        note(8, "generic");                          // LOADER
        note(3, base);                               // VIRT_BASE
        note(4, std::uint64_t{0});                   // PADDR_OFFSET
    }

    template <typename T>
    File& field(std::size_t at, T value) {
        std::memcpy(bytes_.data() + at, &value, sizeof(value));
        return *this;
    }
    File& segment(std::size_t number, std::uint32_t type, std::uint64_t at, std::uint64_t physical, std::uint64_t size) {
        const std::size_t header = 64 + number * 56;
        field(header, type).field(header + 8, at).field(header + 16, base + physical).field(header + 24, physical);
        return field(header + 32, size).field(header + 40, size);
    }
    File& note(std::uint32_t type, std::string_view text) { return note(type, text.data(), text.size() + 1); }
    File& note(std::uint32_t type, std::uint64_t number) { return note(type, &number, sizeof(number)); }
    File& cut_to(std::size_t size) {
        bytes_.resize(size);
        return *this;
    }
    Bytes bytes() const { return std::as_bytes(std::span(bytes_)); }

private:
    void put(std::size_t at, std::string_view text) { std::memcpy(bytes_.data() + at, text.data(), text.size()); }
    File& note(std::uint32_t type, const void* description, std::size_t size) {
        const std::size_t at = notes_at + notes_size_;
        field<std::uint32_t>(at, 4).field<std::uint32_t>(at + 4, static_cast<std::uint32_t>(size)).field(at + 8, type);
        put(at + 12, std::string_view("Xen\0", 4));
        std::memcpy(bytes_.data() + at + 16, description, size);
        notes_size_ += 16 + (size + 3) / 4 * 4;
        return field<std::uint64_t>(64 + 32, notes_size_);
    }

    std::vector<char> bytes_;
    std::size_t notes_size_ = 0;
};

std::string refusal(const File& file) {
    const auto read = read_elf(file.bytes());
    return read ? std::string() : std::string(read.error().text());
}

TEST(kernel_files, a_whole_one_is_read) {
    const auto good = read_elf(File().note(2, base + 0x100'0000).bytes());
    ASSERT_TRUE(good) << good.error().text();
    EXPECT_EQ(good->start, base + 0x100'0000);
    EXPECT_EQ(good->end, base + 0x100'1000);
    EXPECT_EQ(good->notes.hypercall_page, base + 0x100'0000);
    ASSERT_EQ(good->segments().size(), 1u);
    EXPECT_EQ(good->segments()[0].file.size(), page_size);
}

TEST(kernel_files, one_cut_short_is_called_so_wherever_it_was_cut) {
    const std::size_t whole = File().bytes().size();
    for (const std::size_t size : {std::size_t{10}, std::size_t{64}, std::size_t{100}, notes_at + 4, code_at, whole - 1})
        EXPECT_NE(refusal(File().cut_to(size)).find("cut short"), std::string::npos)
            << size << ": " << refusal(File().cut_to(size));
    EXPECT_EQ(refusal(File()), "");
}

TEST(kernel_files, what_is_no_pv_kernel_is_told_apart) {
    EXPECT_EQ(refusal(File().field<std::uint16_t>(18, 3)), "it is not for x86-64");
    EXPECT_EQ(refusal(File().field<std::uint8_t>(4, 1)), "it is not a 64-bit little-endian ELF file");
    EXPECT_EQ(refusal(File().segment(0, 7, notes_at, 0, 0)), "it has no Xen notes for a PV kernel (LOADER=generic)");
    EXPECT_EQ(refusal(File().segment(1, 7, code_at, 0, 0)), "there is nothing in it to load");
}

TEST(kernel_files, notes_that_lead_nowhere_are_refused) {
    EXPECT_EQ(refusal(File().note(1, base + 0x200'0000)), "its entry ffffffff82000000 is not among what is loaded");
    EXPECT_EQ(refusal(File().note(2, base)), "its hypercall page ffffffff80000000 is not among what is loaded");
    EXPECT_EQ(refusal(File().note(2, base + 0x100'0010)), "its hypercall page ffffffff81000010 is not among what is loaded");
    EXPECT_EQ(refusal(File().note(15, std::uint64_t{0x80'0000'0010})), "it wants its p2m list at 8000000010, within a page");
    EXPECT_EQ(refusal(File().note(3, base + 8)), "its virtual base ffffffff80000008 is within a page");
    EXPECT_EQ(refusal(File().segment(1, 1, code_at, ~std::uint64_t{0} >> 1, page_size)).substr(0, 9), "a segment");
}

TEST(kernel_files, of_the_packed_ones_too) {
    const auto said = [](std::string_view file) {
        const auto found = find_payload(std::as_bytes(std::span(file)));
        return found ? std::string() : std::string(found.error().text());
    };
    EXPECT_EQ(said(""), "the file is empty");
    EXPECT_EQ(said("#!/bin/sh"), "it is neither an ELF file nor a bzImage");
    std::string image(0x400, '\0');
    image.replace(0x1fe, 2, "\x55\xaa").replace(0x202, 4, "HdrS").replace(0x206, 2, std::string("\x0f\x02", 2));
    image[0x1f1] = 1;
    image.replace(0x24c, 4, std::string("\x00\x10\x00\x00", 4));
    EXPECT_EQ(said(image), "the file is cut short: 1024 bytes, the bzImage's payload of 4096 begins at 1024");
    image.resize(0x1400, 'x');
    EXPECT_EQ(said(image), "it is packed in a way that Basalt does not know (xz, zstd, gzip and lz4 it knows)");
    image.replace(0x400, 4, "\x28\xb5\x2f\xfd");
    EXPECT_EQ(said(image), "");
}

std::string plan_refusal(const File& file, std::uint64_t pages, std::uint64_t initrd = 0) {
    const auto image = read_elf(file.bytes());
    if (!image) return std::string(image.error().text());
    const auto plan = plan_for(*image, pages, initrd);
    return plan ? std::string() : std::string(plan.error().text());
}

TEST(plan, too_little_memory_is_told_with_how_much_it_takes) {
    EXPECT_EQ(plan_refusal(File(), 8192), "");
    EXPECT_EQ(plan_refusal(File(), 4352), "it needs 20 MiB with its initrd, and has 17: more is given by dom0_mem=");
    EXPECT_EQ(plan_refusal(File(), 8192, 40 << 20), "it needs 57 MiB with its initrd, and has 32: more is given by dom0_mem=");
}

TEST(plan, sizes_without_end_are_refused_at_once) {
    File huge;
    huge.field<std::uint64_t>(64 + 56 + 40, std::uint64_t{1} << 30);
    EXPECT_NE(plan_refusal(huge, 8192), "");
    EXPECT_EQ(plan_refusal(File().note(15, ~std::uint64_t{0xfff}), 1 << 20),
              "the address space ends before all of it has a place");
}

}  // namespace
}  // namespace basalt::dom0
