// What a stream must be to be read, and what comes out of it.
#include <gtest/gtest.h>

#include "records/streams.hpp"

namespace basalt::records {
namespace {

Error error_of(const Raw& raw, const Expected& expected = two_vcpus) {
    const auto stream = Stream::of(Copy(raw).bytes(), expected);
    return stream ? Error{0} : stream.error();
}
constexpr Error none{0};

Raw with(unsigned code, unsigned instance, const Raw& body) {
    Raw raw = begun();
    add(raw, code, instance, body);
    return ended(raw);
}
Raw msrs_of(unsigned told, unsigned there, std::uint32_t reserved = 0) {
    Raw body;
    append(body, told, 8);
    for (unsigned index = 0; index < there; ++index) {
        append(body, 0x48 + index, 4);
        append(body, reserved, 4);
        append(body, 7, 8);
    }
    return body;
}

// The calls of libxc as it builds a PVH guest.
TEST(Stream, IsWhatToolsMake) {
    Raw raw = begun();
    hvm_hw_mtrr mtrr{};
    mtrr.msr_mtrr_def_type = 0xc06;
    add(raw, 14, 1, bytes_of(mtrr));
    add(raw, 2, 0, bytes_of(first_cpu()));
    raw = ended(raw);
    EXPECT_EQ(raw.size(), 32u + 248 + 1040 + 8);
    const Copy copy(raw);
    const auto stream = Stream::of(copy.bytes(), {.vcpus = 2});
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->header().gtsc_khz, 2'400'000u);
    EXPECT_EQ(stream->header().changeset, ~0ull);
    std::vector<std::pair<unsigned, unsigned>> seen;
    for (const Record record : *stream) seen.emplace_back(record.code, record.instance);
    EXPECT_EQ(seen, (std::vector<std::pair<unsigned, unsigned>>{{14, 1}, {2, 0}}));
    EXPECT_EQ(stream->last<Mtrr>(1)->msr_mtrr_def_type, 0xc06u);
    EXPECT_FALSE(stream->last<Mtrr>(0));
    EXPECT_EQ(stream->last<Cpu>()->rip, 0x100'0000u);
    EXPECT_EQ(stream->last<Cpu>()->flags, 0u) << "today's record says that there is no FPU image";
}

TEST(Stream, BeginsWithAHeader) {
    EXPECT_EQ(error_of(ended(begun())), none);
    EXPECT_EQ(error_of({}), Error::no_data);
    EXPECT_EQ(error_of(ended({})), Error::no_data);
    Raw late;
    add(late, 19, 0, Raw(8));
    const Raw header = begun();
    late.insert(late.end(), header.begin(), header.end());
    EXPECT_EQ(error_of(ended(late)), Error::no_data);
    Raw twice = begun();
    twice.insert(twice.end(), header.begin(), header.end());
    EXPECT_EQ(error_of(ended(twice)), Error::invalid) << "it is one at the beginning only";
    for (const std::size_t place : {8, 12}) {
        Raw other = ended(begun());
        other[place] ^= 4;
        EXPECT_EQ(error_of(other), Error::invalid) << "the magic number, the version";
    }
    for (const std::size_t place : {16, 24, 28}) {
        Raw other = ended(begun());
        other[place] ^= 4;
        EXPECT_EQ(error_of(other), none) << "where it was made is not asked";
    }
    for (const std::uint8_t length : {0, 23, 25, 255}) {
        Raw other = ended(begun());
        other[4] = length;
        EXPECT_EQ(error_of(other), Error::no_data);
    }
}

TEST(Stream, EndsWithAnEnd) {
    Raw raw = begun();
    add(raw, 19, 1, Raw(8));
    for (std::size_t length = 0; length < raw.size() + 8; ++length) {
        Raw cut = ended(raw);
        cut.resize(length);
        const bool in_a_body = length >= 40 && length < 48;
        EXPECT_EQ(error_of(cut), in_a_body ? Error::invalid : Error::no_data) << length;
    }
    Raw more = ended(raw);
    more.insert(more.end(), 5, 0xff);
    EXPECT_EQ(error_of(more), none) << "what is behind is not looked at";
    Raw odd = raw;
    append(odd, 0xffff'ffff'1234'0000, 8);
    EXPECT_EQ(error_of(odd), none) << "nor what else the end says";
}

TEST(Stream, HasKnownKindsOnly) {
    for (unsigned code = 1; code < 0x10000; ++code) {
        if (code > 1 && code <= 20) continue;
        ASSERT_EQ(error_of(with(code, 0, Raw(8))), Error::invalid) << code;
    }
}

struct Length {
    unsigned code, bytes;
    bool may_be_shorter;
    Error wrong = Error::invalid;
};
constexpr Length lengths[] = {
    {2, 1032, true},  {3, 8, false},     {4, 400, false, Error::no_data},
    {5, 24, true},    {6, 1024, false},  {7, 16, false},
    {8, 8, false},    {9, 8, false},     {10, 56, false, Error::no_device},
    {11, 24, false},  {12, 1048, false}, {13, 8, false},
    {14, 240, false}, {15, 32, true},    {17, 216, true},
    {18, 32, true},   {19, 8, false},
};

TEST(Stream, HasBodiesOfTheirLength) {
    for (const Length& each : lengths) {
        EXPECT_EQ(error_of(with(each.code, 1, Raw(each.bytes))), none) << each.code;
        EXPECT_EQ(error_of(with(each.code, 1, Raw(each.bytes + 1))), each.wrong) << each.code;
        const Error shorter = each.may_be_shorter ? none : each.wrong;
        EXPECT_EQ(error_of(with(each.code, 1, Raw(each.bytes - 1))), shorter) << each.code;
        EXPECT_EQ(error_of(with(each.code, 1, {})), shorter) << each.code;
        Raw lie = with(each.code, 1, Raw(each.bytes));
        lie.resize(lie.size() - 9);
        EXPECT_EQ(error_of(lie), each.wrong) << each.code << " is not all there";
        for (const std::uint32_t length : {0xffff'ffffu, 0xffff'fff8u, 0x8000'0000u}) {
            std::memcpy(&lie[36], &length, 4);
            EXPECT_EQ(error_of(lie), each.wrong) << each.code;
        }
    }
}

TEST(Stream, HasExtendedStateAndMsrsOfAnyLength) {
    for (const unsigned length : {600u, 601u, 2720u}) EXPECT_EQ(error_of(with(16, 1, Raw(length))), none) << length;
    EXPECT_EQ(error_of(with(16, 1, Raw(599))), Error::invalid);
    Raw cut = with(16, 1, Raw(700));
    cut.resize(cut.size() - 9);
    EXPECT_EQ(error_of(cut), Error::no_data);
    for (const unsigned count : {1u, 2u, 8u}) EXPECT_EQ(error_of(with(20, 1, msrs_of(count, count))), none);
    EXPECT_EQ(error_of(with(20, 1, msrs_of(0, 0))), Error::invalid);
    EXPECT_EQ(error_of(with(20, 1, {})), Error::invalid);
    EXPECT_EQ(error_of(with(20, 1, msrs_of(3, 2))), Error::not_supported);
    EXPECT_EQ(error_of(with(20, 1, msrs_of(1, 2))), Error::not_supported);
    EXPECT_EQ(error_of(with(20, 1, msrs_of(0xffff'ffff, 1))), Error::not_supported);
    EXPECT_EQ(error_of(with(20, 1, msrs_of(0x1000'0001, 1))), Error::not_supported) << "as many as 1, in 32 bits of bytes";
    EXPECT_EQ(error_of(with(20, 1, msrs_of(2, 2, 1))), Error::not_supported);
    cut = with(20, 1, msrs_of(2, 2));
    cut.resize(cut.size() - 9);
    EXPECT_EQ(error_of(cut), Error::no_data);
}

TEST(Stream, IsOfVcpusThatThereAre) {
    for (const Length& each : lengths) {
        const bool is_of_the_domain =
            (each.code >= 3 && each.code <= 4) || (each.code >= 7 && each.code <= 13) || each.code == 15;
        const Error beyond = each.code == 3 ? Error::no_entry : is_of_the_domain ? none : Error::invalid;
        EXPECT_EQ(error_of(with(each.code, 2, Raw(each.bytes))), beyond) << each.code;
        EXPECT_EQ(error_of(with(each.code, 0xffff, Raw(each.bytes))), beyond) << each.code;
    }
    EXPECT_EQ(error_of(with(16, 2, Raw(600))), Error::invalid);
    EXPECT_EQ(error_of(with(20, 2, msrs_of(1, 1))), Error::invalid);
    EXPECT_EQ(error_of(with(19, 0, Raw(8)), {.vcpus = 0}), Error::invalid);
}

TEST(Stream, IsOfDevicesThatThereAre) {
    for (const Length& each : lengths) {
        const bool is_a_device = each.code >= 3 && each.code <= 13 && (each.code < 7 || each.code > 9);
        EXPECT_EQ(error_of(with(each.code, 0, Raw(each.bytes)), {.vcpus = 1}), is_a_device ? Error::no_device : none)
            << each.code;
    }
    const Expected with_an_apic{.vcpus = 1, .codes = of_every_guest | codes<LocalApic, LocalApicRegisters>};
    EXPECT_EQ(error_of(with(5, 0, Raw(24)), with_an_apic), none);
    EXPECT_EQ(error_of(with(6, 0, Raw(1024)), with_an_apic), none);
    EXPECT_EQ(error_of(with(4, 0, Raw(400)), with_an_apic), Error::no_device);
}

TEST(Stream, TellsTheLaterOfTwo) {
    Raw raw = begun();
    for (const std::uint8_t value : {3, 4, 5}) add(raw, 19, value == 5 ? 0 : 1, Raw(8, value));
    const Copy copy(ended(raw));
    const auto stream = Stream::of(copy.bytes(), two_vcpus);
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->last<TscAdjust>(1)->tsc_adjust, 0x0404'0404'0404'0404u);
    EXPECT_EQ(stream->last<TscAdjust>(0)->tsc_adjust, 0x0505'0505'0505'0505u);
    EXPECT_FALSE(stream->last<Rtc>());
}

TEST(Stream, FillsUpWhatIsShort) {
    const Copy copy(with(18, 0, Raw(12, 0xff)));
    const auto stream = Stream::of(copy.bytes(), two_vcpus);
    ASSERT_TRUE(stream);
    const auto checks = *stream->last<MachineChecks>();
    EXPECT_EQ(checks.caps, ~0ull);
    EXPECT_EQ(checks.mci_ctl2_bank0, 0xffff'ffffu);
    EXPECT_EQ(checks.mci_ctl2_bank1, 0u);
}

// 1024 bytes: nothing is said of the FPU. 1016: nor is there TSC_AUX, and what follows is 8 bytes before its place.
TEST(Stream, UnderstandsCpusOfOlderXen) {
    hvm_hw_cpu cpu = running_cpu();
    cpu.msr_tsc_aux = 0x77;
    cpu.tsc = 0x1234'5678'9abc;
    cpu.pending_event = 0x8000'0b0e;
    cpu.error_code = 5;
    cpu.flags = 0;
    const auto read = [](Raw body) {
        const Copy copy(with(2, 0, body));
        return *Stream::of(copy.bytes(), two_vcpus)->last<Cpu>();
    };
    const Raw body = bytes_of(cpu);
    EXPECT_EQ(bytes_of(read(body)), body);
    Raw shorter = body;
    shorter.resize(1024);
    cpu.flags = XEN_X86_FPU_INITIALISED;
    EXPECT_EQ(bytes_of(read(shorter)), bytes_of(cpu));
    Raw oldest = body;
    oldest.erase(oldest.begin() + offsetof(hvm_hw_cpu, msr_tsc_aux), oldest.begin() + offsetof(hvm_hw_cpu, tsc));
    oldest.resize(1016);
    cpu.msr_tsc_aux = 0;
    EXPECT_EQ(bytes_of(read(oldest)), bytes_of(cpu));
}

TEST(Stream, ShowsTheBodyOfExtendedState) {
    Raw body(700, 7);
    body[8] = 3;
    const Copy copy(with(16, 1, body));
    const auto stream = Stream::of(copy.bytes(), two_vcpus);
    ASSERT_TRUE(stream);
    const Record record = *stream->begin();
    ASSERT_TRUE(record.is<ExtendedState>());
    EXPECT_EQ(record.body.size(), 700u);
    EXPECT_EQ(record.as<ExtendedState>().xcr0, 0x0707'0707'0707'0703u);
    EXPECT_EQ(std::to_integer<int>(record.body[699]), 7);
}

}   // namespace
}   // namespace basalt::records
