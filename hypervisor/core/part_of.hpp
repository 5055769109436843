// A part that a lower room defines and hands back, inside the object that embeds it: the way from one to the other.
#pragma once

#include <utility>

namespace basalt {

template <typename Whole, typename Part>
class PartOf : public Part {
public:
    template <typename... Arguments>
    explicit PartOf(Whole& whole, Arguments&&... arguments) : Part(std::forward<Arguments>(arguments)...), whole_(whole) {}

    // `part` is one that a Whole embeds: nobody else makes any.
    static Whole& whole_of(Part& part) { return static_cast<PartOf&>(part).whole_; }

private:
    Whole& whole_;
};

}  // namespace basalt
