package shop;

import java.util.List;

/** Methods whose ways can be counted by hand. */
public class Basket {
    private int count;

    public Basket(int count) {
        this.count = count;
    }

    int branches(boolean a, int b) {
        if (a && b > 1) {
            return 1;
        } else if (a || b < 0) {
            return 2;
        }
        for (int i = 0; i < 3; i++) {
            b++;
        }
        return a ? b : 4;
    }

    int choose(int kind, List<Integer> items) {
        switch (kind) {
            case 1:
                return 1;
            case 2:
                return 2;
            default:
                break;
        }
        for (int item : items) {
            while (item > 0) {
                item--;
            }
        }
        try {
            return count;
        } catch (RuntimeException error) {
            return 0;
        }
    }
}
