"""Strings."""

from .task import Task

reverse_string = Task(
    wordings=(
        "reverses a string",
        "reverses the given string",
        "returns a string backwards",
    ),
    explanation="It returns the characters in the opposite order.",
    python='''
def reverse_string(s: str) -> str:
    """Return the string s reversed."""
    return s[::-1]
''',
    javascript='''
function reverseString(s) {
  return s.split('').reverse().join('');
}
''',
)

count_words = Task(
    wordings=(
        "counts the words in a text",
        "counts how often each word occurs",
        "counts words in a string",
    ),
    explanation="It splits the text at white space and counts each word.",
    python='''
def count_words(text: str) -> dict:
    """Count how often each word occurs in the text."""
    counts = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return counts
''',
    javascript='''
function countWords(text) {
  const counts = {};
  for (const word of text.toLowerCase().split(/\\s+/)) {
    counts[word] = (counts[word] || 0) + 1;
  }
  return counts;
}
''',
)

is_palindrome = Task(
    wordings=(
        "checks whether a string is a palindrome",
        "tests if a string is a palindrome",
        "checks if a word is a palindrome",
    ),
    explanation="It compares the text with its reverse.",
    python='''
def is_palindrome(s: str) -> bool:
    """Return True if s reads the same backwards."""
    s = "".join(c.lower() for c in s if c.isalnum())
    return s == s[::-1]
''',
    javascript='''
function isPalindrome(s) {
  const text = s.toLowerCase().replace(/[^a-z0-9]/g, '');
  return text === text.split('').reverse().join('');
}
''',
)

remove_non_ascii = Task(
    wordings=(
        "removes non-ASCII characters from a string",
        "strips non-ascii characters",
        "removes all characters that are not ASCII",
    ),
    explanation="It keeps only the characters whose code is below 128.",
    python='''
def remove_non_ascii(s: str) -> str:
    """Remove non-ASCII characters from a string."""
    result = ""
    for c in s:
        if ord(c) < 128:
            result += c
    return result
''',
    javascript='''
function removeNonAscii(s) {
  let result = '';
  for (const c of s) {
    if (c.charCodeAt(0) < 128) {
      result += c;
    }
  }
  return result;
}
''',
)

count_vowels = Task(
    wordings=(
        "counts the vowels in a string",
        "returns the number of vowels",
    ),
    explanation="It counts the characters that are a, e, i, o or u.",
    python='''
def count_vowels(s: str) -> int:
    """Return the number of vowels in a string."""
    count = 0
    for c in s.lower():
        if c in "aeiou":
            count += 1
    return count
''',
    javascript='''
function countVowels(s) {
  let count = 0;
  for (const c of s.toLowerCase()) {
    if ('aeiou'.includes(c)) {
      count++;
    }
  }
  return count;
}
''',
)

capitalize_words = Task(
    wordings=(
        "capitalizes the first letter of each word",
        "capitalizes every word in a string",
    ),
    explanation="It splits the text into words and joins them again.",
    python='''
def capitalize_words(text: str) -> str:
    """Capitalize the first letter of each word."""
    return " ".join(word.capitalize() for word in text.split())
''',
    javascript='''
function capitalizeWords(text) {
  return text
    .split(' ')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
''',
)

is_anagram = Task(
    wordings=(
        "checks whether two strings are anagrams",
        "tests if two words are anagrams",
    ),
    explanation="Both have the same sorted characters then.",
    python='''
def is_anagram(a: str, b: str) -> bool:
    """Return True if a and b are anagrams."""
    return sorted(a.lower()) == sorted(b.lower())
''',
    javascript='''
function isAnagram(a, b) {
  const sort = (s) => s.toLowerCase().split('').sort().join('');
  return sort(a) === sort(b);
}
''',
)

hello_world = Task(
    wordings=(
        "prints hello world",
        "prints Hello, world!",
        "says hello world",
    ),
    explanation="It prints the text to the screen.",
    python='''
def hello_world():
    """Print hello world."""
    print("Hello, world!")
''',
    javascript='''
function helloWorld() {
  console.log('Hello, world!');
}
''',
)
