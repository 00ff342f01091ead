#include "engine/schema/string_formats.h"

#include <map>
#include <mutex>
#include <string>

#include "engine/base/error.h"
#include "engine/regex/regex.h"

namespace codellama {

namespace {

// A date of RFC 3339, with the number of days of each month and leap years.
std::string DatePattern() {
  const std::string leap_year =
      "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
  return "(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|"
         "30)|"
         "02-(?:0[1-9]|1\\d|2[0-8]))|" +
         leap_year + "-02-29)";
}

constexpr const char* kTime =
    "(?:(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)|"
    "23:59:60(?:\\.\\d+)?(?:[Zz]|[+-]00:00))";  // leap seconds, only in UTC

// RFC 3339, appendix A.
constexpr const char* kDuration =
    "P(?:\\d+W|(?=.)(?:\\d+D|\\d+M(?:\\d+D)?|\\d+Y(?:\\d+M(?:\\d+D)?)?)?"
    "(?:T(?:\\d+S|\\d+M(?:\\d+S)?|\\d+H(?:\\d+M(?:\\d+S)?)?))?)";

// One label of a host name (RFC 1123, section 2.1).
constexpr const char* kLabel = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";

constexpr const char* kByte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

std::string Ipv4Pattern() { return std::string(kByte) + "(?:\\." + kByte + "){3}"; }

// RFC 4291, section 2.2: eight groups, or fewer groups with one `::`. An IPv4 address may replace
// the last two groups.
std::string Ipv6Pattern() {
  const std::string group = "[0-9a-fA-F]{1,4}";
  const std::string last = "(?:" + group + ":" + group + "|" + Ipv4Pattern() + ")";
  const auto groups = [&](int count) {
    return "(?:" + group + ":){" + std::to_string(count) + "}";
  };
  const auto up_to = [&](int count) {
    return count == 0 ? std::string()
                      : "(?:" + group + "(?::" + group + "){0," + std::to_string(count - 1) + "})?";
  };
  std::string pattern = "(?:" + groups(6) + last;
  for (int before = 0; before <= 5; before++) {
    pattern += "|" + up_to(before) + "::" + groups(5 - before) + last;
  }
  return pattern + "|" + up_to(6) + "::" + group + "|" + up_to(7) + "::)";
}

// Host names of at most 253 characters. Counting both the characters of a label and those of the
// whole name needs too many states, so names of more than three labels have some limits that are
// stricter than the standard. Labels that start with "xn--" must hold valid Punycode, which an
// automaton cannot check. They are excluded.
std::string HostnamePattern() {
  const auto label = [](int longest) {
    const std::string letter = "[a-zA-Z0-9]";
    const std::string any = "[a-zA-Z0-9-]";
    return letter + "(?:" + any + "{0,2}" + letter + "|" + any + "(?:" + letter + any + "|-" +
           letter + ")" + any + "{0," + std::to_string(longest - 5) + "}" + letter + ")?";
  };
  const auto more_labels = [&](int most, int longest) {
    return "(?:\\." + label(longest) + "){0," + std::to_string(most) + "}";
  };
  return label(63) + more_labels(2, 63) + "|" +                       // up to 191 characters
         label(63) + more_labels(1, 63) + more_labels(5, 24) + "|" +  // 252
         label(14) + more_labels(15, 14) + "|" +                      // 239
         label(6) + more_labels(35, 6);                               // 251
}

std::string EmailPattern() {
  const std::string atom = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+";
  return "(?=[^@]{1,64}@)" + atom + "(?:\\." + atom + ")*@" + kLabel + "(?:\\." + kLabel + ")+";
}

// Code points beyond ASCII that an IRI may contain (RFC 3987, section 2.2), as part of a class.
// `iprivate` may occur in queries only.
constexpr const char* kUcschar =
    "\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF\\u{10000}-\\u{1FFFD}\\u{20000}-\\u{2FFFD}"
    "\\u{30000}-\\u{3FFFD}\\u{40000}-\\u{4FFFD}\\u{50000}-\\u{5FFFD}\\u{60000}-\\u{6FFFD}"
    "\\u{70000}-\\u{7FFFD}\\u{80000}-\\u{8FFFD}\\u{90000}-\\u{9FFFD}\\u{A0000}-\\u{AFFFD}"
    "\\u{B0000}-\\u{BFFFD}\\u{C0000}-\\u{CFFFD}\\u{D0000}-\\u{DFFFD}\\u{E1000}-\\u{EFFFD}";
constexpr const char* kIprivate = "\\uE000-\\uF8FF\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}";

// A URI of RFC 3986, appendix A. With `relative`, relative references too. With `international`, an
// IRI of RFC 3987. A URI must have an authority or a path, because ajv-formats refuses the others.
std::string UriPattern(bool relative, bool international) {
  const std::string more = international ? kUcschar : "";
  const std::string in_query = international ? kIprivate : "";
  const std::string escape = "%[0-9a-fA-F]{2}";
  const auto any = [&](const std::string& characters) {
    return "(?:[a-zA-Z0-9._~" + characters + more + "-]|" + escape + ")";
  };
  const std::string pchar = any("!$&'()*+,;=:@");
  const std::string user = "(?:" + any("!$&'()*+,;=:") + "*@)?";
  const std::string host = "(?:\\[(?:" + Ipv6Pattern() +
                           "|[vV][0-9a-fA-F]+\\.[a-zA-Z0-9._~!$&'()*+,;=:-]+)\\]|" +
                           any("!$&'()*+,;=") + "*)";
  const std::string absolute = "/(?:" + pchar + "+(?:/" + pchar + "*)*)?";
  const std::string rest =
      "(?:\\?" + any("!$&'()*+,;=:@/?" + in_query) + "*)?(?:#" + any("!$&'()*+,;=:@/?") + "*)?";
  const std::string authority = "//" + user + host + "(?::\\d*)?(?:/" + pchar + "*)*";
  const std::string scheme = "[a-zA-Z][a-zA-Z0-9+.-]*:";
  const std::string may_be_empty = relative || international ? "?" : "";
  const std::string with_scheme = scheme + "(?:" + authority + "|" + absolute + "|" + pchar +
                                  "+(?:/" + pchar + "*)*)" + may_be_empty + rest;
  if (!relative) return with_scheme;
  const std::string no_colon = any("!$&'()*+,;=@") + "+";
  return "(?:" + with_scheme + "|(?:" + authority + "|" + absolute + "|" + no_colon + "(?:/" +
         pchar + "*)*)?" + rest + ")";
}

// A URI template of RFC 6570, section 2. Names with dots are excluded, because some validators
// refuse them.
std::string UriTemplatePattern() {
  const std::string escape = "%[0-9a-fA-F]{2}";
  const std::string literal = std::string("[!#$&(-;=?-\\[\\]_a-z~") + kUcschar + kIprivate + "]";
  const std::string variable = "(?:[a-zA-Z0-9_]|" + escape + ")+(?::[1-9]\\d{0,3}|\\*)?";
  return "(?:" + literal + "|" + escape + "|\\{[+#./;?&]?" + variable + "(?:," + variable +
         ")*\\})*";
}

// The pattern of a format, or "" for an unknown format.
std::string PatternOf(std::string_view format) {
  if (format == "date") return DatePattern();
  if (format == "time") return kTime;
  if (format == "date-time") return DatePattern() + "[Tt]" + kTime;
  if (format == "duration") return kDuration;
  if (format == "uuid") return "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}";
  if (format == "ipv4") return Ipv4Pattern();
  if (format == "ipv6") return Ipv6Pattern();
  if (format == "hostname") return HostnamePattern();
  if (format == "email") return EmailPattern();
  if (format == "uri") return UriPattern(false, false);
  if (format == "uri-reference") return UriPattern(true, false);
  if (format == "iri") return UriPattern(false, true);
  if (format == "iri-reference") return UriPattern(true, true);
  if (format == "uri-template") return UriTemplatePattern();
  if (format == "relative-json-pointer") return "(?:0|[1-9]\\d*)(?:#|(?:/(?:[^~/]|~[01])*)*)";
  if (format == "json-pointer") return "(?:/(?:[^~/]|~[01])*)*";
  return "";
}

// A pattern of all texts that a validator may accept for the format, or "" if PatternOf() is exact.
std::string LoosePatternOf(std::string_view format) {
  if (format == "time") return ".*:.*";
  if (format == "date-time") return "[0-9].*[0-9].*:.*";
  if (format == "duration") return "[Pp].*";
  if (format == "ipv6") return ".*:.*";
  if (format == "hostname") return "[^@/:?#\\s]*";
  if (format == "email") return ".*@.*";
  if (format == "uri" || format == "iri") return "[a-zA-Z][a-zA-Z0-9+.-]*:.*";
  const bool has_any_text =
      format == "uri-reference" || format == "iri-reference" || format == "uri-template";
  return has_any_text ? "[^]*" : "";
}

}  // namespace

FormatTexts TextsOfFormat(std::string_view format) {
  for (const char* each : {"idn-hostname", "idn-email", "regex"}) {
    if (format != each) continue;
    throw Error(ErrorCode::kInvalidGrammar, "the format is " + std::string(format));
  }
  static std::mutex mutex;
  static std::map<std::string, FormatTexts, std::less<>> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(format);
  if (found != known.end()) return found->second;
  const std::string pattern = PatternOf(format);
  if (pattern.empty()) return {};
  const DfaPtr texts = WholeMatches(pattern);
  const std::string loose = LoosePatternOf(format);
  const DfaPtr possible = loose.empty() ? texts : Union(texts, WholeMatches(loose));
  return known.emplace(format, FormatTexts{texts, possible}).first->second;
}

}  // namespace codellama
