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

// A URI of RFC 3986, appendix A. With `relative`, relative references too.
std::string UriPattern(bool relative) {
  const std::string escape = "%[0-9a-fA-F]{2}";
  const std::string pchar = "(?:[a-zA-Z0-9._~!$&'()*+,;=:@-]|" + escape + ")";
  const std::string user = "(?:(?:[a-zA-Z0-9._~!$&'()*+,;=:-]|" + escape + ")*@)?";
  const std::string host =
      "(?:\\[(?:" + Ipv6Pattern() + ")\\]|(?:[a-zA-Z0-9._~!$&'()*+,;=-]|" + escape + ")*)";
  const std::string absolute = "/(?:" + pchar + "+(?:/" + pchar + "*)*)?";
  const std::string rest = "(?:\\?(?:" + pchar + "|[/?])*)?(?:#(?:" + pchar + "|[/?])*)?";
  const std::string authority = "//" + user + host + "(?::\\d*)?(?:/" + pchar + "*)*";
  const std::string scheme = "[a-zA-Z][a-zA-Z0-9+.-]*:";
  const std::string with_scheme =
      scheme + "(?:" + authority + "|" + absolute + "|" + pchar + "+(?:/" + pchar + "*)*)?" + rest;
  if (!relative) return with_scheme;
  const std::string no_colon = "(?:[a-zA-Z0-9._~!$&'()*+,;=@-]|" + escape + ")+";
  return "(?:" + with_scheme + "|(?:" + authority + "|" + absolute + "|" + no_colon + "(?:/" +
         pchar + "*)*)?" + rest + ")";
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
  if (format == "uri") return UriPattern(false);
  if (format == "uri-reference") return UriPattern(true);
  if (format == "relative-json-pointer") return "(?:0|[1-9]\\d*)(?:#|(?:/(?:[^~/]|~[01])*)*)";
  if (format == "json-pointer") return "(?:/(?:[^~/]|~[01])*)*";
  return "";
}

}  // namespace

DfaPtr TextsOfFormat(std::string_view format) {
  for (const char* each :
       {"idn-hostname", "idn-email", "iri", "iri-reference", "uri-template", "regex"}) {
    if (format != each) continue;
    throw Error(ErrorCode::kInvalidGrammar,
                "\"format\": " + std::string(format) + " cannot be enforced");
  }
  static std::mutex mutex;
  static std::map<std::string, DfaPtr, std::less<>> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(format);
  if (found != known.end()) return found->second;
  const std::string pattern = PatternOf(format);
  if (pattern.empty()) return nullptr;
  return known.emplace(format, WholeMatches(pattern)).first->second;
}

}  // namespace codellama
