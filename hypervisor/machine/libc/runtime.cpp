// The hooks of the C++ runtime that remain without exceptions, RTTI and threads. They are weak: debug/ says
// more about what went wrong before it stops. There is no operator new: rooms hold objects in storage that
// they own.
#include <__verbose_abort>

_LIBCPP_BEGIN_NAMESPACE_STD

// A .value() of an empty optional or expected, a variant's get of the wrong kind.
[[gnu::weak, noreturn]] void __libcpp_verbose_abort(const char*, ...) { __builtin_trap(); }

_LIBCPP_END_NAMESPACE_STD

extern "C" [[gnu::weak, noreturn]] void __cxa_pure_virtual() { __builtin_trap(); }
