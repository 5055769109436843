// IN and OUT, by the width of the value. The caller has I/O privilege (physdev_op.set_iopl).
#pragma once

#include "hypercall.hpp"

#include <cstdint>

namespace kit {

template <class Value>
Value in(std::uint16_t port) {
    Value value;
    asm volatile("in %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
template <class Value>
void out(std::uint16_t port, Value value) {
    asm volatile("out %0, %1" ::"a"(value), "Nd"(port));
}

inline Status set_iopl(unsigned level) {
    physdev_set_iopl_t request{level};
    return call<rows::physdev_op, PHYSDEVOP_set_iopl>(request);
}

}
