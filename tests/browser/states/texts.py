"""Questions and answers for the states."""

from __future__ import annotations

RICH = """# Rivers

A river *meanders* where its bed is **soft**; see [the survey](https://example.org/survey) and `flow()`.

- upper course
- lower course
  1. bends
  2. oxbows

> [!NOTE]
> The bend moves outward.

| place | width | depth |
|:--|--:|:-:|
| spring | 1 m | 0.2 m |
| delta, where the river is at its widest | 4,000 m | 12 m |

```python
def flow(width: float, depth: float, speed: float) -> float:
    return width * depth * speed  # cubic metres a second, for a bed that is a box
```

- [x] measured
- [ ] ~~guessed~~ estimated

The law is $Q = A v$, and in full[^1]:

$$Q = \\int_A v \\, dA$$

[^1]: Continuity.
"""

TECHNICAL = """A bounded queue between two threads needs one lock and two conditions. The idea is small, and easy to \
get wrong: a thread that wakes up has to look again, because another one can have been faster.

## How it works

The producer waits while the queue is full, and the consumer while it is empty. Both hold `lock` while they look:

```python
class BoundedQueue[T]:
    def __init__(self, capacity: int) -> None:
        self.items: deque[T] = deque()
        self.capacity = capacity
        self.lock = Lock()
        self.not_full, self.not_empty = Condition(self.lock), Condition(self.lock)

    def put(self, item: T) -> None:
        with self.not_full:
            while len(self.items) == self.capacity:  # `while`, not `if`: look again after waking up
                self.not_full.wait()
            self.items.append(item)
            self.not_empty.notify()
```

1. `wait` gives the lock back and sleeps. When it returns, it holds the lock again.
2. `notify` wakes *one* thread that waits. It keeps the lock until the block ends.
3. Two conditions on one lock keep producers from waking producers:
   - `not_full` is for those who want to put,
   - `not_empty` for those who want to take.

## How long a message waits

With arrivals at rate $\\lambda$ and service at rate $\\mu$, the load is $\\rho = \\lambda / \\mu$. For $\\rho < 1$ \
the mean number of waiting messages is

$$L_q = \\frac{\\rho^2}{1 - \\rho}, \\qquad W_q = \\frac{L_q}{\\lambda} = \\frac{\\rho}{\\mu (1 - \\rho)}.$$

| Load | Waiting | Mean wait | 95 % wait | Full at 8 | Full at 64 | Threads | Verdict |
|--:|--:|--:|--:|--:|--:|--:|:--|
| 0.50 | 0.5 | 1.0 ms | 3.7 ms | 0.2 % | 0.0 % | 2 | room to spare |
| 0.80 | 3.2 | 4.0 ms | 14.0 ms | 4.0 % | 0.0 % | 4 | comfortable |
| 0.95 | 18.1 | 19.0 ms | 59.0 ms | 9.0 % | 0.2 % | 8 | watch it |
| 0.99 | 98.0 | 99.0 ms | 299.0 ms | 11.0 % | 1.0 % | 16 | too late |

> A queue hides a slow consumer until the moment it doesn't. Measure the wait, not only the length.

### What to check

- [x] The loop around `wait` is a `while`.
- [x] Nothing slow happens under the lock.
- [ ] `close()` wakes everybody: use `notify_all()`.

Run it with `python -X dev queue_test.py` and read [the notes on conditions](https://example.org/conditions).
"""

ARABIC_QUESTION = "كيف ينشأ النهر؟"
ARABIC = """## كيف ينشأ النهر

يبدأ النهر من **نبع** صغير في الجبال، ثم تلتقي به جداول أخرى فيتسع مجراه شيئًا فشيئًا.

1. تسقط الأمطار على المرتفعات.
2. تتجمع المياه في جداول ضيقة.
3. تلتقي الجداول فيصير النهر واسعًا.

> كل نهر كبير كان جدولًا صغيرًا.

| المكان | العرض | العمق |
|:--|--:|--:|
| المنبع | 1 م | 0.2 م |
| المصب | 4000 م | 12 م |

يكتب المبرمج `flow(width, depth)` ليحسب كمية الماء:

```python
def flow(width: float, depth: float) -> float:
    return width * depth
```
"""

CHINESE_QUESTION = "河流是怎样形成的？"
CHINESE = """## 河流的形成

河流从山间的**泉水**开始，沿途汇入许多小溪，河道便一点一点地变宽。它在松软的土地上弯弯曲曲地流淌，最后奔向大海。

1. 雨水落在高地上。
2. 水汇成狭窄的溪流。
3. 溪流相遇，河面变得宽阔。

> 不积小流，无以成江海。

| 地点 | 宽度 | 深度 |
|:--|--:|--:|
| 源头 | 1 米 | 0.2 米 |
| 入海口 | 4000 米 | 12 米 |

用 `flow(width, depth)` 可以计算流量。
"""

LONG_QUESTION = """This loop is slow for large inputs. What would you change first?

```python
def nearest(points, centre):
    best, distance = None, None
    for point in points:
        dx, dy = point[0] - centre[0], point[1] - centre[1]
        found = math.sqrt(dx * dx + dy * dy)
        if distance is None or found < distance:
            best, distance = point, found
    return best


def assign(points, centres):
    groups = {}
    for point in points:
        groups.setdefault(nearest(centres, point), []).append(point)
    return groups
```

It runs once a second with a million points and forty centres, and NumPy is not allowed on that machine.
"""

THOUGHTS = """The person asks why rivers bend. A straight channel is not stable: any small bend makes the water faster \
on the outside.

So the outer bank erodes, and the inner one grows. I should name *helical flow*, but keep it short, and end with \
oxbow lakes."""

SHORT = """Take the square root away first: comparing squares gives the same nearest centre, and it is the most \
expensive step of the loop. Then sort the centres by one coordinate, and stop as soon as that coordinate alone is \
further away than the best one so far."""

QUESTIONS = [
    "Why do rivers bend?",
    "Plan a week of simple vegetarian dinners for two",
    "Rewrite this paragraph so that it sounds less formal",
    "What changed between HTTP/1.1 and HTTP/2, and does it matter for a server behind nginx?",
    "ما هو النهر؟",
    "Regular expression for ISO dates",
    "Is 1,729 special?",
    "Draft a polite reminder for an unpaid invoice",
    "Explain leap seconds to a ten-year-old",
    "Compare SQLite and PostgreSQL for a small team",
    "Names for a grey cat",
]
"""First messages of a person's chats, from the newest to the oldest."""
