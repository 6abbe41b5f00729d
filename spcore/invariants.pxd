# Invariants, checked in debug builds only (SUNTAP_DEBUG=1, the sanitizers' and the fuzzer's builds): a broken one says
# where and aborts. In other builds `must` does nothing, and code below `if CHECKED` is removed by the compiler.
cdef extern from *:
    """
    #include <stdio.h>
    #include <stdlib.h>
    #ifdef SUNTAP_DEBUG
    #define SUNTAP_CHECKED 1
    #define SUNTAP_MUST(holds) ((holds) ? (void)0 : (fprintf(stderr, "suntap: invariant broken at %s:%d\\n", \\
                                                             __FILE__, __LINE__), abort()))
    #else
    #define SUNTAP_CHECKED 0
    #define SUNTAP_MUST(holds) ((void)(holds))
    #endif
    """
    const bint CHECKED "SUNTAP_CHECKED"
    void must "SUNTAP_MUST" (bint holds) noexcept nogil
