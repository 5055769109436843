#include "domain/given_context.hpp"

#include "abi/xen.hpp"
#include "domain/vcpu.hpp"

namespace basalt {

Result<Owned<vcpu_guest_context>> read_context(GuestPointer<vcpu_guest_context> pointer) {
    auto context = TRY(create<vcpu_guest_context>());
    TRY(pointer.read(std::span(context.get(), 1)));
    return context;
}

Refused refuse_context(Vcpu& vcpu, Error error) {
    if (!vcpu.initialised) drop_tables(vcpu);
    return refuse(error);
}

}  // namespace basalt
