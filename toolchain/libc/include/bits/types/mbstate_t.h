#pragma once
struct mbstate_t {
    unsigned state;
};
