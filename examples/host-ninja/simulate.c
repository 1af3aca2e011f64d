/* Draws the rows of data.csv: a straight line with some noise. */
#include <stdio.h>

int main(void) {
    unsigned state = 2013;
    puts("x,y");
    for (int x = 0; x < 400; x++) {
        state = state * 1103515245u + 12345u;
        printf("%d,%.3f\n", x, 2.0 * x + (state >> 16) % 1000 / 100.0);
    }
    return 0;
}
