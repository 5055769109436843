// Who may ask, and about whom: what a row of the table says, checked. Nothing else in hypercalls/ asks for privileges to let
// somebody do something.
#pragma once

#include "domain/domain.hpp"
#include "table/row.hpp"

namespace basalt::hypercalls {

using table::Asker;
using table::Whom;

bool caller_is_privileged();

// The domain that a call is about, or why the caller may not act for it. A function that is given this, and not the domain
// itself, checks or tells something of its own before it looks.
using Subject = Result<Domain*>;

// By the number that the call names.
Subject subject(Asker asker, Whom whom, DomainId id);

}  // namespace basalt::hypercalls
