# JUnit's XML as TAP, for any POSIX awk. One tag is one record; text between tags is a note on the test above it.
function attribute(tag, name,    found) {
    found = match(tag, "[ \t\n]" name "=\"[^\"]*\"")
    if (found) return plain(substr(tag, RSTART + length(name) + 3, RLENGTH - length(name) - 4))
    found = match(tag, "[ \t\n]" name "='[^']*'")
    return found ? plain(substr(tag, RSTART + length(name) + 3, RLENGTH - length(name) - 4)) : ""
}
function plain(text) {
    gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text); gsub(/&apos;/, "\047", text)
    gsub(/&#10;|&#xA;|[\r\n\t]/, " ", text); gsub(/&amp;/, "\\&", text)
    return text
}
function begin(tag,    class) {
    class = attribute(tag, "classname")
    name = (class == "" ? "" : class "::") attribute(tag, "name")
    gsub(/#/, "\\#", name)
    if (seen[name]++) name = name " (" seen[name] ")"
    status = "ok"; skip = ""; note = ""
}
function end_of_test() {
    print status " " ++count " - " name skip
    if (note != "") print "  " note
    if (status != "ok") failed = 1
    name = ""
}
BEGIN { RS = "<" }
{
    close_at = index($0, ">")
    tag = substr($0, 1, close_at - 1)
    alone = tag ~ /\/$/
    if (tag ~ /^testcase[ \t\r\n\/]/) { begin(tag); if (alone) end_of_test() }
    else if (name != "" && tag ~ /^(failure|error)([ \t\r\n\/]|$)/) { status = "not ok"; if (note == "") note = attribute(tag, "message") }
    else if (name != "" && tag ~ /^skipped/) skip = " # SKIP"
    else if (tag ~ /^\/testcase/ && name != "") end_of_test()
}
END { print "1.." count + 0; exit count ? failed : 2 }
