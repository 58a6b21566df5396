// A bytecode interpreter: a switch in a loop, the shape of every scripting language.
#include <stdio.h>
#include <stdlib.h>

enum { PUSH, ADD, SUB, MUL, DUP, SWAP, JNZ, DROP, HALT };

int main(int argc, char **argv)
{
    long rounds = (argc > 1 ? atof(argv[1]) : 1) * 30000000;
    const long code[] = {PUSH, 1, PUSH, rounds, SWAP, PUSH, 3, MUL, PUSH, 1, ADD, SWAP, PUSH, 1, SUB, DUP, JNZ, 4, DROP, HALT};
    long stack[64], *top = stack;
    const long *pc = code;
    for (;;) switch (*pc++) {
        case PUSH: *top++ = *pc++; break;
        case ADD: top--; top[-1] += top[0]; break;
        case SUB: top--; top[-1] -= top[0]; break;
        case MUL: top--; top[-1] *= top[0]; break;
        case DUP: top[0] = top[-1]; top++; break;
        case SWAP: { long t = top[-1]; top[-1] = top[-2]; top[-2] = t; break; }
        case JNZ: { long to = *pc++; if (*--top) pc = code + to; break; }
        case DROP: top--; break;
        case HALT: printf("%ld\n", top[-1]); return 0;
        }
}
