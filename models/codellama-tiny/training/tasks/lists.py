"""Lists and other containers."""

from .task import Task

sum_list = Task(
    wordings=(
        "sums a list of numbers",
        "returns the sum of all numbers in a list",
        "sums all the numbers in an array",
    ),
    explanation="It adds up every number in the list.",
    python='''
def sum_list(numbers: list) -> float:
    """Return the sum of a list of numbers."""
    total = 0
    for number in numbers:
        total += number
    return total
''',
    javascript='''
function sumList(numbers) {
  let total = 0;
  for (const number of numbers) {
    total += number;
  }
  return total;
}
''',
)

average = Task(
    wordings=(
        "computes the average of a list of numbers",
        "returns the mean of a list",
        "calculates the average",
    ),
    explanation="It divides the sum by the count.",
    python='''
def average(numbers: list) -> float:
    """Return the average of a list of numbers."""
    if not numbers:
        return 0
    return sum(numbers) / len(numbers)
''',
    javascript='''
function average(numbers) {
  if (numbers.length === 0) {
    return 0;
  }
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}
''',
)

find_max = Task(
    wordings=(
        "finds the largest number in a list",
        "returns the maximum of a list",
        "finds the maximum value in an array",
    ),
    explanation="It remembers the largest number seen so far.",
    python='''
def find_max(numbers: list):
    """Return the largest number in a list."""
    largest = numbers[0]
    for number in numbers:
        if number > largest:
            largest = number
    return largest
''',
    javascript='''
function findMax(numbers) {
  let largest = numbers[0];
  for (const number of numbers) {
    if (number > largest) {
      largest = number;
    }
  }
  return largest;
}
''',
)

find_min = Task(
    wordings=(
        "finds the smallest number in a list",
        "returns the minimum of a list",
    ),
    explanation="It remembers the smallest number seen so far.",
    python='''
def find_min(numbers: list):
    """Return the smallest number in a list."""
    smallest = numbers[0]
    for number in numbers:
        if number < smallest:
            smallest = number
    return smallest
''',
    javascript='''
function findMin(numbers) {
  let smallest = numbers[0];
  for (const number of numbers) {
    if (number < smallest) {
      smallest = number;
    }
  }
  return smallest;
}
''',
)

remove_duplicates = Task(
    wordings=(
        "removes duplicates from a list",
        "returns the unique items of a list",
        "removes duplicate items from an array",
    ),
    explanation="It keeps the first of each item, in order.",
    python='''
def remove_duplicates(items: list) -> list:
    """Remove duplicates from a list and keep the order."""
    seen = set()
    result = []
    for item in items:
        if item not in seen:
            seen.add(item)
            result.append(item)
    return result
''',
    javascript='''
function removeDuplicates(items) {
  return [...new Set(items)];
}
''',
)

flatten = Task(
    wordings=(
        "flattens a nested list",
        "flattens a nested array",
    ),
    explanation="It calls itself for every list inside the list.",
    python='''
def flatten(items: list) -> list:
    """Flatten a nested list."""
    result = []
    for item in items:
        if isinstance(item, list):
            result.extend(flatten(item))
        else:
            result.append(item)
    return result
''',
    javascript='''
function flatten(items) {
  const result = [];
  for (const item of items) {
    if (Array.isArray(item)) {
      result.push(...flatten(item));
    } else {
      result.push(item);
    }
  }
  return result;
}
''',
)

chunk = Task(
    wordings=(
        "splits a list into chunks",
        "splits an array into chunks of a given size",
    ),
    explanation="It slices the list at every multiple of the size.",
    python='''
def chunk(items: list, size: int) -> list:
    """Split a list into chunks of the given size."""
    return [items[i:i + size] for i in range(0, len(items), size)]
''',
    javascript='''
function chunk(items, size) {
  const result = [];
  for (let i = 0; i < items.length; i += size) {
    result.push(items.slice(i, i + size));
  }
  return result;
}
''',
)

stack = Task(
    wordings=(
        "implements a stack",
    ),
    explanation="The last item pushed is the first one popped.",
    python='''
class Stack:
    """A last-in, first-out stack."""

    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()

    def is_empty(self):
        return len(self.items) == 0
''',
    javascript='''
class Stack {
  constructor() {
    this.items = [];
  }

  push(item) {
    this.items.push(item);
  }

  pop() {
    return this.items.pop();
  }

  isEmpty() {
    return this.items.length === 0;
  }
}
''',
)
