#include "boot/dom0/kernel_image.hpp"

#include <cstring>

namespace basalt::dom0 {
namespace {

// Offsets in the file; the setup header starts at 0x1f1.
constexpr std::size_t setup_sectors_at = 0x1f1;
constexpr std::size_t boot_flag_at = 0x1fe;
constexpr std::size_t magic_at = 0x202;
constexpr std::size_t version_at = 0x206;
constexpr std::size_t payload_offset_at = 0x248;
constexpr std::size_t payload_length_at = 0x24c;
constexpr std::size_t header_end = 0x250;

constexpr std::uint16_t boot_flag = 0xaa55;
constexpr std::uint32_t magic = 0x53726448;   // "HdrS"
constexpr std::uint16_t first_version_with_payload = 0x208;
constexpr std::size_t sector_size = 512;

template <typename T>
T field(Bytes file, std::size_t offset) {
    T value;
    std::memcpy(&value, file.data() + offset, sizeof(T));
    return value;
}

bool starts_with(Bytes bytes, std::string_view prefix) {
    return bytes.size() >= prefix.size() && std::memcmp(bytes.data(), prefix.data(), prefix.size()) == 0;
}

Packing packing_of(Bytes payload) {
    using namespace std::string_view_literals;
    if (starts_with(payload, "\x7f"
                             "ELF"sv))
        return Packing::none;
    if (starts_with(payload, "\xfd"
                             "7zXZ\0"sv))
        return Packing::xz;
    if (starts_with(payload, "\x28\xb5\x2f\xfd"sv)) return Packing::zstd;
    if (starts_with(payload, "\x1f\x8b"sv)) return Packing::gzip;
    if (starts_with(payload, "\x02\x21\x4c\x18"sv)) return Packing::lz4;
    return Packing::unknown;
}

}  // namespace

Started<Payload> find_payload(Bytes file) {
    if (packing_of(file) == Packing::none) return Payload{file, Packing::none, file.size()};
    if (file.empty()) return because("the file is empty");
    if (file.size() < header_end || field<std::uint16_t>(file, boot_flag_at) != boot_flag ||
        field<std::uint32_t>(file, magic_at) != magic)
        return because("it is neither an ELF file nor a bzImage");
    if (field<std::uint16_t>(file, version_at) < first_version_with_payload)
        return because("it is a bzImage older than boot protocol 2.08");

    const auto sectors = field<std::uint8_t>(file, setup_sectors_at);
    const std::size_t offset = ((sectors != 0 ? sectors : 4) + 1) * sector_size + field<std::uint32_t>(file, payload_offset_at);
    const std::size_t length = field<std::uint32_t>(file, payload_length_at);
    if (offset > file.size() || length > file.size() - offset || length < sizeof(std::uint32_t))
        return because("the file is cut short: {} bytes, the bzImage's payload of {} begins at {}", file.size(), length,
                       offset);

    const Bytes payload = file.subspan(offset, length);
    const Packing packing = packing_of(payload);
    if (packing == Packing::unknown)
        return because("it is packed in a way that Basalt does not know (xz, zstd, gzip and lz4 it knows)");
    // The last four bytes of a packed payload are its unpacked size; zstd and lz4 take them for damage.
    const std::size_t size_field = packing == Packing::none ? 0 : sizeof(std::uint32_t);
    const std::size_t unpacked =
        packing == Packing::none ? length : field<std::uint32_t>(payload, length - sizeof(std::uint32_t));
    const bool ends_with_size = packing == Packing::zstd || packing == Packing::lz4;
    return Payload{payload.first(length - (ends_with_size ? size_field : 0)), packing, unpacked};
}

}  // namespace basalt::dom0
