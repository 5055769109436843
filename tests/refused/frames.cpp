// A frame's owner and its use change by a rule that is applied, and in no other way.
#include "memory/frame.hpp"

namespace basalt {

struct Bolder : Frame {
    void takes_over(DomainId domain) {
        owner_.become(OwnerWord(domain, FlushEpoch(0)));    // refused: private member
    }
};

void asks(Frame& frame, FrameCell<FrameWord>& cell) {
    frame.word_.become(FrameWord());    // refused: private member
    cell.raw_ = 0;                      // refused: private member
    static_cast<void>(frame.apply([](FrameWord word) { return word.take_reference(); }));
}

}    // namespace basalt
