#include "records/stream.hpp"

namespace basalt::records {
namespace {

constexpr std::size_t before_body = sizeof(hvm_save_descriptor);

Result<hvm_save_descriptor> first_descriptor(Bytes left) {
    if (left.size() < before_body) return refuse(Error::no_data);
    return copied<hvm_save_descriptor>(left);
}

Result<hvm_save_header> header_of(Bytes bytes) {
    const auto first = TRY(first_descriptor(bytes));
    if (first.typecode != Header::code || first.length != sizeof(hvm_save_header)) return refuse(Error::no_data);
    if (bytes.size() - before_body < first.length) return refuse(Error::no_data);
    const auto header = copied<hvm_save_header>(bytes.subspan(before_body));
    if (header.magic != HVM_FILE_MAGIC || header.version != HVM_FILE_VERSION) return refuse(Error::invalid);
    return header;
}

Result<> check_instance(const Rule& rule, std::uint16_t instance, const Expected& expected) {
    switch (rule.whose) {
        case Whose::domain: return {};   // Xen looks at no number where there can be one record only
        case Whose::one_of_two: return instance < 2 ? Result<>() : refuse(Error::no_entry);
        case Whose::vcpu: return instance < expected.vcpus ? Result<>() : refuse(Error::invalid);
    }
    return refuse(Error::invalid);
}

Result<> check_msrs(Bytes body) {
    if (body.size() < msrs_begin + sizeof(OneMsr)) return refuse(Error::invalid);
    const std::uint64_t count = copied<std::uint32_t>(body);
    if (body.size() != msrs_begin + count * sizeof(OneMsr)) return refuse(Error::not_supported);
    for (Bytes left = body.subspan(msrs_begin); !left.empty(); left = left.subspan(sizeof(OneMsr)))
        if (copied<OneMsr>(left)._rsvd != 0) return refuse(Error::not_supported);
    return {};
}

// `left` begins with the body.
Result<> check_body(const Rule& rule, std::uint32_t length, Bytes left) {
    const bool fits = length <= left.size();
    switch (rule.fit) {
        case Fit::exact: return fits && length == rule.length ? Result<>() : refuse(rule.wrong_length);
        case Fit::at_most: return fits && length <= rule.length ? Result<>() : refuse(rule.wrong_length);
        case Fit::extended_state:
            if (!fits) return refuse(Error::no_data);
            return length >= least_extended_state ? Result<>() : refuse(Error::invalid);
        case Fit::msrs: return fits ? check_msrs(left.first(length)) : refuse(Error::no_data);
    }
    return refuse(Error::invalid);
}

Result<> check(const hvm_save_descriptor& descriptor, Bytes left, const Expected& expected) {
    const auto* const rule = std::ranges::find(rules, descriptor.typecode, &Rule::code);
    if (rule == rules.end()) return refuse(Error::invalid);
    if (!(expected.codes >> rule->code & 1)) return refuse(Error::no_device);
    TRY(check_instance(*rule, descriptor.instance, expected));
    return check_body(*rule, descriptor.length, left);
}

}   // namespace

Result<Stream> Stream::of(Bytes bytes, const Expected& expected) {
    const auto header = TRY(header_of(bytes));
    const Bytes records = bytes.subspan(before_body + sizeof(hvm_save_header));
    for (Bytes left = records;;) {
        const auto descriptor = TRY(first_descriptor(left));
        if (descriptor.typecode == end_code) return Stream(header, records.first(records.size() - left.size()));
        const Bytes body = left.subspan(before_body);
        TRY(check(descriptor, body, expected));
        left = body.subspan(descriptor.length);
    }
}

Record Stream::Iterator::operator*() const {
    const auto descriptor = copied<hvm_save_descriptor>(left_);
    return {descriptor.typecode, descriptor.instance, left_.subspan(before_body, descriptor.length)};
}

}   // namespace basalt::records
