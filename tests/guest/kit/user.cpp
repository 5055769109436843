#include "user.hpp"

#include "hypercall.hpp"
#include "paging.hpp"

extern "C" {
extern std::byte user_pages[], user_pages_end[];
bool guarded_call(void (*function)(void*), void* argument, std::uint64_t* recovery);
[[noreturn]] void abandon(std::uint64_t* recovery);
}

namespace kit {

namespace {

std::uint64_t way_back;
Frame came_back;
Page* data_page;
Page* root;

void map_user_pages(Page& level1) {
    unsigned index = index_at(user_base, 1);
    for (std::byte* page = user_pages; page < user_pages_end; page += page_size)
        level1.words[index++] = entry(mfn_of(page), read_only_page);
}

// user_base and user_data share a level-2 table, two level-1 tables hang below it.
void build() {
    data_page = &fresh_page();
    Page& code_table = fresh_page();
    Page& data_table = fresh_page();
    Page& level2 = fresh_page();
    Page& level3 = fresh_page();
    root = &fresh_page();
    map_user_pages(code_table);
    data_table.words[index_at(user_data, 1)] = entry(data_page->mfn(), kernel_page | no_execute);
    level2.words[index_at(user_base, 2)] = entry(code_table.mfn(), table_entry);
    level2.words[index_at(user_data, 2)] = entry(data_table.mfn(), table_entry);
    level3.words[0] = entry(level2.mfn(), table_entry);
    root->words[0] = entry(level3.mfn(), table_entry);
    for (Page* table : {&code_table, &data_table, &level2, &level3, root}) make_read_only(*table);
    mmuext_op(MMUEXT_PIN_L4_TABLE, root->mfn());
    mmuext_op(MMUEXT_NEW_USER_BASEPTR, root->mfn());
}

void prepare() {
    if (!root) build();
}

}

std::uint64_t in_user(const std::byte* code) { return user_base + static_cast<std::uint64_t>(code - user_pages); }

Page& user_data_page() {
    prepare();
    return *data_page;
}
std::uint64_t user_root_mfn() {
    prepare();
    return root->mfn();
}

Frame user_frame(const std::byte* code) {
    Frame frame{};
    frame.rip = in_user(code);
    frame.cs = user_cs;
    frame.rflags = 0x202;
    frame.rsp = user_stack_top;
    frame.ss = user_ss;
    return frame;
}

Frame run_user(Frame frame) {
    prepare();
    guarded_call([](void* target) { resume(static_cast<Frame*>(target)); }, &frame, &way_back);
    note_success(__HYPERVISOR_iret);       // the way into user mode, and not back from it, was the iret call
    vcpu_info().evtchn_upcall_mask = 1;   // going to user mode let events in
    return came_back;
}

bool user_running(const Frame& frame) { return way_back != 0 && frame.from_user(); }

void leave_user(const Frame& frame) {
    came_back = frame;
    abandon(&way_back);
}

}
