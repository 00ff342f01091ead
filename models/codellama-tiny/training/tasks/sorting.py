"""Sorting and searching."""

from .task import Task

quick_sort = Task(
    wordings=(
        "sorts a list with quick sort",
        "implements quicksort",
        "implements the quick sort algorithm",
    ),
    explanation="It picks a pivot and sorts the smaller and the larger items recursively.",
    python='''
def quick_sort(items: list) -> list:
    """Sort a list with the quick sort algorithm."""
    if len(items) <= 1:
        return items
    pivot = items[len(items) // 2]
    left = [x for x in items if x < pivot]
    middle = [x for x in items if x == pivot]
    right = [x for x in items if x > pivot]
    return quick_sort(left) + middle + quick_sort(right)
''',
    javascript='''
function quickSort(items) {
  if (items.length <= 1) {
    return items;
  }
  const pivot = items[Math.floor(items.length / 2)];
  const left = items.filter((x) => x < pivot);
  const middle = items.filter((x) => x === pivot);
  const right = items.filter((x) => x > pivot);
  return [...quickSort(left), ...middle, ...quickSort(right)];
}
''',
)

bubble_sort = Task(
    wordings=(
        "sorts a list with bubble sort",
        "implements bubble sort",
        "implements the bubble sort algorithm",
    ),
    explanation="It swaps neighbours until nothing is left to swap.",
    python='''
def bubble_sort(items: list) -> list:
    """Sort a list with the bubble sort algorithm."""
    n = len(items)
    for i in range(n):
        for j in range(n - i - 1):
            if items[j] > items[j + 1]:
                items[j], items[j + 1] = items[j + 1], items[j]
    return items
''',
    javascript='''
function bubbleSort(items) {
  const n = items.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n - i - 1; j++) {
      if (items[j] > items[j + 1]) {
        [items[j], items[j + 1]] = [items[j + 1], items[j]];
      }
    }
  }
  return items;
}
''',
)

merge_sort = Task(
    wordings=(
        "sorts a list with merge sort",
        "implements merge sort",
    ),
    explanation="It sorts both halves and merges them.",
    python='''
def merge_sort(items: list) -> list:
    """Sort a list with the merge sort algorithm."""
    if len(items) <= 1:
        return items
    middle = len(items) // 2
    left = merge_sort(items[:middle])
    right = merge_sort(items[middle:])
    result = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]
''',
    javascript='''
function mergeSort(items) {
  if (items.length <= 1) {
    return items;
  }
  const middle = Math.floor(items.length / 2);
  const left = mergeSort(items.slice(0, middle));
  const right = mergeSort(items.slice(middle));
  const result = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    if (left[i] <= right[j]) {
      result.push(left[i++]);
    } else {
      result.push(right[j++]);
    }
  }
  return [...result, ...left.slice(i), ...right.slice(j)];
}
''',
)

binary_search = Task(
    wordings=(
        "does a binary search in a sorted list",
        "implements binary search",
        "finds an item in a sorted list with binary search",
    ),
    explanation="It halves the range until the item is found.",
    python='''
def binary_search(items: list, target) -> int:
    """Return the index of target in a sorted list, or -1."""
    low, high = 0, len(items) - 1
    while low <= high:
        mid = (low + high) // 2
        if items[mid] == target:
            return mid
        if items[mid] < target:
            low = mid + 1
        else:
            high = mid - 1
    return -1
''',
    javascript='''
function binarySearch(items, target) {
  let low = 0;
  let high = items.length - 1;
  while (low <= high) {
    const mid = Math.floor((low + high) / 2);
    if (items[mid] === target) {
      return mid;
    }
    if (items[mid] < target) {
      low = mid + 1;
    } else {
      high = mid - 1;
    }
  }
  return -1;
}
''',
)
