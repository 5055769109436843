#include "grants_world.hpp"

#include <cstdlib>

#include "abi/grant_table.hpp"
#include "core/per_cpu.hpp"
#include "grants/audit.hpp"
#include "grants/copy.hpp"
#include "memory/allocator.hpp"
#include "translations/cpu_translations.hpp"

namespace basalt::interleaved::granting {

namespace {

constexpr std::uint64_t address_of(unsigned cpu) { return 0x1000 * (cpu + 1); }
constexpr unsigned permitted_by(std::uint32_t header) {
    if ((header & GTF_type_mask) != GTF_permit_access || header >> 16 != user_id.raw) return 0;
    return (header & GTF_readonly) != 0 ? reads : reads | writes;
}

}    // namespace

void World::begin() {
    forget_regions();
    auto& memory = make(&memory_.object);
    auto& records = make(&pages_.object);
    auto& [granter, user] = make(&domains_.object);
    add("frames", memory.frames, Accesses::merged);
    add("notes", make(&notes_.object), Accesses::merged);
    memory_views = {memory.frames.data(), memory.contents.data(), nullptr, end_of_frames};
    for (const Mfn mfn : {granted_frame, other_frame}) frame(mfn).give_to(granter_id);
    frame(own_frame).give_to(user_id);
    // The granter takes its records first.
    if (!granter.grow(1)) std::abort();
    add("granter's table", &granter.mappings + 1, &granter + 1, Accesses::watched, 1);
    add("granter's records", &records.pages.front(), &records.pages[records.taken], Accesses::merged, 1);
    user_records_ = records.taken;
    add("user's mappings", user.mappings, Accesses::watched, 2);
    add("user's records", &records.pages[records.taken], &records.pages.back() + 1, Accesses::merged, 2);
    add("records taken", records.taken, Accesses::merged, 2);
    add("entry", entry(), Accesses::watched);
    write(granted, granted_frame);
    for (const auto& act : before) perform(act, 0);
}

void World::run(unsigned cpu) {
    for (const auto& act : programs[cpu]) perform(act, cpu);
}

void World::perform(const Act<World>& act, unsigned cpu) {
    begin_act();
    use(cpu).permitted = use(cpu).always = permitted_by(entry().header);
    act.perform(*this, cpu);
    use(cpu).permitted = use(cpu).always = 0;
}

void World::changed() {
    // A state is bytes: those behind a mapping's last member are whatever was copied with it.
    constexpr auto padding = offsetof(Mapping, state) + sizeof(Mapping::state);
    for (auto* at = pages_.object.pages[user_records_].data(); at != pages_.object.pages.back().data() + page_size;
         at += sizeof(Mapping))
        std::memset(at + padding, 0, sizeof(Mapping) - padding);
    const auto permits = permitted_by(entry().header);
    for (Use& use : notes().uses) {
        use.permitted = use.permitted | permits;
        use.always = use.always & permits;
    }
}

// --- the granter ---

void World::write(std::uint32_t header, Mfn frame) {
    if (entry().frame != frame.raw) {
        std::atomic_ref(entry().frame).store(static_cast<std::uint32_t>(frame.raw));
        notes().overwritten |= entry().header & in_use;
    }
    notes().overwritten |= std::atomic_ref(entry().header).exchange(header) & in_use;
    notes().said = header;
}

void World::write_if_unused(std::uint32_t header, Mfn frame) {
    const std::atomic_ref shared(entry().header);
    auto seen = shared.load();
    do
        if ((seen & in_use) != 0) return;
    while (!shared.compare_exchange_strong(seen, 0));
    notes().said = 0;
    if (entry().frame != frame.raw) std::atomic_ref(entry().frame).store(static_cast<std::uint32_t>(frame.raw));
    if (header == 0) return;
    shared.store(header);
    notes().said = header;
}

// --- the user ---

void World::answered(unsigned cpu, Status status, unsigned wanted) {
    const bool asked_for = status == Status::okay ? (use(cpu).permitted & wanted) != 0 : (use(cpu).always & wanted) == 0;
    if (!asked_for) notes().unasked = 1;
}

void World::map(unsigned cpu, std::uint32_t flags) {
    const auto mapped = grants::map(domains().user, domains().granter, reference, address_of(cpu), flags);
    answered(cpu, mapped ? Status::okay : mapped.error(), (flags & GNTMAP_readonly) != 0 ? reads : writes);
    if (mapped) use(cpu).handle = mapped->handle.raw + 1;
}

// Translations are forgotten between the two halves: the grant is told to be over only then.
void World::unmap(unsigned cpu, unsigned whose, std::uint32_t parts) {
    const auto handle = use(whose).handle.load();
    if (handle == 0) return;
    UnmapRequest request{.handle = Handle(static_cast<std::uint32_t>(handle - 1))};
    if ((parts & GNTMAP_host_map) != 0) request.host_addr = address_of(whose);
    if ((parts & GNTMAP_device_map) != 0) request.device_addr = physical_of(granted_frame);
    const auto unmapped = Unmapped::begin(domains().user, request);
    if (unmapped && (parts & GNTMAP_host_map) != 0) use(whose).reach = 0;
    if (running() != nobody) stand();
    static_cast<void>(cpu);
}

void World::copy(unsigned cpu, bool to_grant) {
    const CopySide grant{.granter = &domains().granter, .reference = reference}, own{.own = own_frame};
    const auto status = grants::copy(user_id, to_grant ? own : grant, to_grant ? grant : own, 8);
    answered(cpu, status, to_grant ? writes : reads);
}

void World::end_user() {
    for (Use& use : notes().uses) use.reach = 0;
    static_cast<void>(end_mappings(domains().user, 0, 8));
}

// --- what must hold ---

bool World::holds(Mfn mfn, bool to_write) {
    const auto word = frame(mfn).word();
    return to_write ? word.users() != 0 : word.references() > 1;
}

std::string World::wrong() {
    const auto header = entry().header;
    if (((header ^ notes().said) & ~in_use) != 0) return "the entry does not say what its granter said last";
    if (notes().unasked != 0) return "a use that the entry did not permit, or a refusal though it did";
    for (const Use& use : notes().uses) {
        const auto reach = use.reach.load();
        if (reach != 0 && !holds(Mfn(reach & ~writable), (reach & writable) != 0)) return "a page that is mapped and not held";
    }
    if (notes().overwritten != 0) return {};
    for (const Mfn mfn : {granted_frame, other_frame}) {
        if (!holds(mfn, false)) continue;
        if (entry().frame != mfn.raw) return "a frame is held that is not granted";
        if ((header & GTF_reading) == 0) return "a frame is held, and that is not noted";
        if (holds(mfn, true) && (header & GTF_writing) == 0) return "a frame is held to be written, and that is not noted";
    }
    return {};
}

std::string World::left_over() {
    std::array<Pins, entries_in_frame> counts{};
    Audit audit(domains().granter, counts);
    audit.count(domains().user);
    auto finding = audit.first_finding();
    if (!finding) finding = wrong_with_mappings(domains().user);
    if (finding) return std::string(finding->kind) + ": " + std::string(finding->what);
    const auto& pins = counts[reference.raw];
    if ((entry().header & GTF_writing) != 0 && !pins.writers()) return "writing is noted, and over";
    if ((entry().header & GTF_reading) != 0 && !pins.any()) return "reading is noted, and over";
    for (const Mfn mfn : {granted_frame, other_frame})
        if (holds(mfn, false) && !pins.any()) return "a frame that stays held";
    return frame(own_frame).word().references() == 1 && frame(own_frame).word().users() == 0 ? ""
                                                                                             : "an own page that stays held";
}

}    // namespace basalt::interleaved::granting

// What grants ask of the rest of Basalt.
namespace basalt::grants {

using interleaved::granting::World;

Result<Mfn> numbered_by_itself(DomainId, std::uint64_t number) { return Mfn(number); }
Result<Mfn> take_shared_frame(DomainId domain) {
    frame(interleaved::granting::table_frame).share_with(domain);
    return interleaved::granting::table_frame;
}
void give_shared_frame(Mfn) {}
Result<void*> take_record_page() {
    auto* const page = World::now().pages()->take();
    if (page == nullptr) return refuse(Error::no_memory);
    return page;
}
void give_record_page(void*) {}

Result<FrameUse> hold_writable(Mfn mfn, DomainId owner) {
    if (frame(mfn).owner() != owner) return refuse(Error::invalid);
    if (!frame(mfn).apply([](FrameWord word) { return word.take_both(Use::writable); })) return refuse(Error::busy);
    return FrameUse::adopt(mfn);
}

// An address tells the CPU.
Result<> map_there(Place place, Mfn mfn, DomainId, std::uint32_t flags) {
    World::now().use(static_cast<unsigned>(place.where / 0x1000 - 1)).reach =
        mfn.raw | ((flags & GNTMAP_readonly) == 0 ? interleaved::granting::writable : 0);
    return {};
}
Result<> unmap_there(Place place, Lent lent, std::optional<std::uint64_t>) {
    const auto found = World::now().use(static_cast<unsigned>(place.where / 0x1000 - 1)).reach.load();
    if (found != (lent.frame.raw | (lent.writable ? interleaved::granting::writable : 0))) return refuse(Error::invalid);
    return {};
}
void forget_translations() {}
bool is_a_table(const GrantTable*) { return true; }

}    // namespace basalt::grants

namespace basalt {

DomainMemory* domain_memory_of(DomainId) { return nullptr; }
void account_is_empty(DomainMemory&) {}
void undo_later(Mfn) { std::abort(); }
CpuMask online_cpus() { return {(std::uint64_t{1} << interleaved::cpus) - 1}; }
CpuTranslations& translations_here() { return translations_of(current_cpu()); }
CpuTranslations& translations_of(CpuId cpu) {    // of CPUs that walk nobody's tables
    static std::array<CpuTranslations, interleaved::cpus> all;
    return all[cpu.raw];
}
void flush_here() {}
void ask_to_flush(CpuId) {}

}    // namespace basalt
