using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Certificates that were renewed after a recovery point was taken: a restore in place restores the old ones, and the
/// keys beside them. The manifest may have been written by an attacker, so the files that it names are read as
/// untrusted, and only their paths and ends of validity are reported.
/// </summary>
internal static class NewerCertificates
{
    private const int MostNamed = 20, MostRead = 1000, LargestFile = 1 << 20;

    /// <summary>Returns a sentence that lists them; "" when there are none.</summary>
    public static string Describe(JsonNode? details, RestorePatterns patterns)
    {
        if ((details as JsonObject)?["certificates"] is not JsonArray all) return "";
        var (include, exclude) = (new PatternList(patterns.Include), new PatternList(patterns.Exclude));
        var within = new PatternList(patterns.Within);
        var newer = all.OfType<JsonObject>().Take(MostRead)
            .Select(file => (Path: Text(file["path"]), Old: EndOf(file))).Where(file => IsWanted(file.Path))
            .Select(file => Compare(file.Path, file.Old)).OfType<string>().ToList();
        return newer.Count == 0 ? ""
            : $" Certificates that were renewed since then become the old ones again, with their keys: {Quantity.List(newer, MostNamed)}."
                + " Leave them out with --exclude to keep them.";

        bool IsWanted(string path) =>
            path.Length > 0 && (include.IsEmpty || include.Matches(path)) && (within.IsEmpty || within.Matches(path)) && !exclude.Matches(path);
    }

    private static string? Compare(string path, DateTimeOffset? old)
    {
        if (old is not { } then || StandingEnd(path) is not { } now || now <= then) return null;
        var (today, before) = (now.UtcDateTime, then.UtcDateTime);
        return string.Create(CultureInfo.InvariantCulture, $"{path} (until {today:yyyy-MM-dd}, that of the point until {before:yyyy-MM-dd})");
    }

    private static DateTimeOffset? StandingEnd(string path)
    {
        try
        {
            if (PathTrail.Follow(path).Place is not { } place) return null;
            return CertificateParser.Parse(LocalText.ReadBytes(place, LargestFile)).Certificates is [var first, ..] ? first.NotAfter : null;
        }
        catch (Exception unreadable) when (unreadable is not OutOfMemoryException)
        {
            return null; // not a file that a restore could replace by an older one
        }
    }

    // The first one in a file is the server's own; those after it are its chain to an authority.
    private static DateTimeOffset? EndOf(JsonObject file) =>
        file["certificates"] is JsonArray { Count: > 0 } all && all[0] is JsonObject first
        && DateTimeOffset.TryParse(Text(first["notAfter"]), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end)
            ? end : null;

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
