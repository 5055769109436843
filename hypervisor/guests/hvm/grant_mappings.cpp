// Where grants meet nested tables. Not yet: a hardware-assisted guest maps none.
#include "guests/hvm/doors.hpp"

namespace basalt::hvm {

Result<> Doors::map_grant(Vcpu&, grants::Place, Mfn, DomainId, std::uint32_t) { return refuse(Error::not_supported); }
Result<> Doors::unmap_grant(Vcpu&, grants::Place, grants::Lent, std::optional<std::uint64_t>) {
    return refuse(Error::not_supported);
}

}   // namespace basalt::hvm
