// libzstd leaves these weak and tests them for null, but a call of address 0 cannot even be encoded so far
// from it. Zero from the first means that nobody traces; then the second is never called.
struct ZSTD_DCtx;
struct ZSTD_Trace;

extern "C" [[gnu::section(".init.text")]] unsigned long long ZSTD_trace_decompress_begin(const ZSTD_DCtx*) { return 0; }

extern "C" [[gnu::section(".init.text")]] void ZSTD_trace_decompress_end(unsigned long long, const ZSTD_Trace*) {}
