using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Holdfast.Testing;

/// <summary>
/// Everything about one entry of a directory tree. <paramref name="Type"/> is find's letter (f, d, l, b, c, p, s);
/// <paramref name="Size"/>, in bytes, and <paramref name="Hash"/> are of files only; <paramref name="LinkedTo"/> is the first
/// path of the entry's group of hard links.
/// </summary>
public sealed record TreeEntry(
    string Type, string Mode, string Owner, string Size, string ModifyTime, string Target, string Device, string LinkedTo, string Hash, string Attributes);

/// <summary>
/// A full listing of a directory tree, for comparing. It is made by find, sha256sum and getfattr, so that it shares no
/// code with what it judges. Names are bytes: each byte is one character (Latin-1).
/// </summary>
public sealed partial class Tree
{
    private const int Fields = 9;

    private Tree(SortedDictionary<string, TreeEntry> entries) => Entries = entries;

    /// <summary>The entries by their path below the root; the root itself is "".</summary>
    public IReadOnlyDictionary<string, TreeEntry> Entries { get; }

    /// <summary>Lists a directory, not crossing into other file systems.</summary>
    public static async Task<Tree> ListAsync(string root)
    {
        var found = await FieldsAsync("""cd "$1" && find . -xdev -printf '%P\0%y\0%04m\0%U:%G\0%s\0%T@\0%l\0%D:%i\0%n\0'""", root);
        var hashes = await HashesAsync(root);
        var devices = (await FieldsAsync("""cd "$1" && find . -xdev \( -type b -o -type c \) -exec stat --printf '%n\0%t:%T\0' {} +""", root))
            .Chunk(2).ToDictionary(pair => Below(pair[0]), pair => pair[1], StringComparer.Ordinal);
        var attributes = await AttributesAsync(root);
        var links = new Dictionary<string, string>(StringComparer.Ordinal);
        var entries = new SortedDictionary<string, TreeEntry>(StringComparer.Ordinal);
        foreach (var f in found.Chunk(Fields).OrderBy(f => f[0], StringComparer.Ordinal))
        {
            var several = f[1] != "d" && f[8] != "1";
            if (several) links.TryAdd(f[7], f[0]);
            entries.Add(f[0], new TreeEntry(
                Type: f[1], Mode: f[1] == "l" ? "" : f[2], Owner: f[3], Size: f[1] == "f" ? f[4] : "", ModifyTime: f[5], Target: f[6],
                Device: devices.GetValueOrDefault(f[0], ""), LinkedTo: several ? links[f[7]] : "",
                Hash: hashes.GetValueOrDefault(f[0], ""), Attributes: attributes.GetValueOrDefault(f[0], "")));
        }
        return new Tree(entries);
    }

    /// <summary>What differs, one line each; empty when the trees are the same, and hold something. <paramref name="lens"/> blanks what does not matter.</summary>
    public IReadOnlyList<string> Differences(Tree other, Func<string, TreeEntry, TreeEntry>? lens = null)
    {
        Assert.True(Entries.Count > 1, "The left folder is empty, so to compare it tests nothing.");
        lens ??= (_, entry) => entry;
        var paths = Entries.Keys.Union(other.Entries.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return [.. paths.Select(path => Difference(path, Entries.GetValueOrDefault(path), other.Entries.GetValueOrDefault(path), lens)).OfType<string>()];
    }

    private static string? Difference(string path, TreeEntry? left, TreeEntry? right, Func<string, TreeEntry, TreeEntry> lens) => (left, right) switch
    {
        (null, _) => $"only right: {path}",
        (_, null) => $"only left: {path}",
        _ => lens(path, left) == lens(path, right) ? null : $"differs: {path}\n  left  {lens(path, left)}\n  right {lens(path, right)}",
    };

    private static async Task<IReadOnlyList<string>> FieldsAsync(string script, string root)
    {
        var output = (await Command.BashAsync(script, root)).Succeeded().OutputBytes;
        return [.. Encoding.Latin1.GetString(output).Split('\0').SkipLast(1)];
    }

    private static async Task<Dictionary<string, string>> HashesAsync(string root)
    {
        var lines = await FieldsAsync("""cd "$1" && find . -xdev -type f -print0 | xargs -0r sha256sum -z""", root);
        return lines.ToDictionary(line => Below(line[66..]), line => line[..64], StringComparer.Ordinal);
    }

    /// <summary>getfattr writes a block an entry: "# file: name", then name=0xvalue lines; bytes in names may be octal escapes.</summary>
    private static async Task<Dictionary<string, string>> AttributesAsync(string root)
    {
        Require.Program("getfattr");
        var output = (await Command.BashAsync("""cd "$1" && getfattr -R -P -h -d -m - -e hex .""", root)).Succeeded().OutputBytes;
        var blocks = Encoding.Latin1.GetString(output).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        return blocks.Select(block => block.Split('\n')).ToDictionary(
            lines => Below(Octal().Replace(lines[0]["# file: ".Length..], match => $"{(char)Convert.ToInt32(match.ValueSpan[1..].ToString(), 8)}")),
            lines => string.Join(' ', lines.Skip(1).Order(StringComparer.Ordinal)),
            StringComparer.Ordinal);
    }

    private static string Below(string path) => path switch
    {
        "." => "",
        _ when path.StartsWith("./", StringComparison.Ordinal) => path[2..],
        _ => path,
    };

    [GeneratedRegex(@"\\[0-7]{3}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Octal();
}
