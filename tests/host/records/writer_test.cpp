// What is written is read again, and never beyond the room.
#include "records/writer.hpp"

#include <gtest/gtest.h>

#include "records/streams.hpp"

namespace basalt::records {
namespace {

hvm_save_header header() { return {HVM_FILE_MAGIC, HVM_FILE_VERSION, ~0ull, 0x306c3, 1'000'000}; }

Result<std::size_t> write(std::span<std::byte> room) {
    Writer writer(room, header());
    for (std::uint16_t vcpu = 0; vcpu < 2; ++vcpu) writer.add<Cpu>(vcpu == 0 ? first_cpu() : running_cpu(), vcpu);
    writer.add<TscAdjust>({.tsc_adjust = 7}, 1);
    const std::vector<std::byte> state(601, std::byte{9});
    writer.add(CPU_XSAVE_CODE, 0, state);
    return writer.end();
}
constexpr std::size_t all = 32 + 2 * 1040 + 16 + 609 + 8;

TEST(Writer, WritesWhatAStreamReads) {
    std::vector<std::byte> room(all + 1);
    const auto written = write(std::span(room).subspan(1));
    ASSERT_TRUE(written);
    EXPECT_EQ(*written, all);
    const auto stream = Stream::of(Bytes(room).subspan(1), two_vcpus);
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->header().gtsc_khz, 1'000'000u);
    EXPECT_EQ(bytes_of(*stream->last<Cpu>(0)), bytes_of(first_cpu()));
    EXPECT_EQ(bytes_of(*stream->last<Cpu>(1)), bytes_of(running_cpu()));
    EXPECT_EQ(stream->last<TscAdjust>(1)->tsc_adjust, 7u);
    unsigned count = 0;
    for (const Record record : *stream) {
        ++count;
        if (record.is<ExtendedState>()) EXPECT_EQ(record.body.size(), 601u);
    }
    EXPECT_EQ(count, 4u);
}

TEST(Writer, SaysHowMuchRoomItNeeds) {
    Writer writer({}, header());
    EXPECT_EQ(writer.needed(), 32u);
    writer.add<Cpu>(first_cpu());
    EXPECT_EQ(writer.needed(), 32u + 1040);
    EXPECT_EQ(writer.end().error(), Error::no_space);
    EXPECT_EQ(writer.needed(), 32u + 1040 + 8);
}

TEST(Writer, KeepsToItsRoom) {
    for (std::size_t length = 0; length <= all + 3; ++length) {
        const std::unique_ptr<std::byte[]> room(new std::byte[length]);   // the sanitizer sees who goes on
        const auto written = write({room.get(), length});
        ASSERT_EQ(written.has_value(), length >= all) << length;
        if (!written) ASSERT_EQ(written.error(), Error::no_space);
        if (written) ASSERT_TRUE(Stream::of({room.get(), length}, two_vcpus));
    }
}

}   // namespace
}   // namespace basalt::records
