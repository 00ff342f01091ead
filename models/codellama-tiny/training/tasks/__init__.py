"""The hand-written tasks that codellama-tiny knows by heart."""

from . import arithmetic, lists, numbers, sorting, system, text
from .small_talk import SMALL_TALK, SYSTEM_PROMPTS
from .task import Task

# Random choices depend on the order: another one gives another training set.
TASKS = (
    numbers.fibonacci,
    numbers.fib,
    numbers.factorial,
    text.reverse_string,
    numbers.is_prime,
    numbers.primes_up_to,
    sorting.quick_sort,
    sorting.bubble_sort,
    sorting.merge_sort,
    sorting.binary_search,
    arithmetic.gcd,
    arithmetic.lcm,
    system.read_file,
    system.read_lines,
    system.write_file,
    text.count_words,
    numbers.fizzbuzz,
    text.is_palindrome,
    text.remove_non_ascii,
    arithmetic.add,
    arithmetic.multiply,
    arithmetic.subtract,
    arithmetic.divide,
    lists.sum_list,
    lists.average,
    lists.find_max,
    lists.find_min,
    lists.remove_duplicates,
    lists.flatten,
    lists.chunk,
    numbers.is_even,
    text.count_vowels,
    text.capitalize_words,
    text.is_anagram,
    arithmetic.celsius_to_fahrenheit,
    text.hello_world,
    system.load_json,
    system.wait,
    lists.stack,
    arithmetic.power,
)

__all__ = ["SMALL_TALK", "SYSTEM_PROMPTS", "TASKS", "Task"]
