using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Certificates that were renewed since a recovery point was taken: a restore in place puts the old ones, and the keys beside them, back. The
/// manifest may be anybody's word, so what it names is read as any foreign file is, and only the ends are told.
/// </summary>
internal static class NewerCertificates
{
    private const int MostNamed = 20, MostRead = 1000, LargestFile = 1 << 20;

    /// <summary>A sentence that names them; "" where there are none.</summary>
    public static string Describe(JsonNode? details, RestorePatterns patterns)
    {
        var (include, exclude, within) = (new PatternList(patterns.Include), new PatternList(patterns.Exclude), new PatternList(patterns.Within));
        var newer = (details as JsonObject)?["certificates"] is not JsonArray all ? [] : all.OfType<JsonObject>().Take(MostRead)
            .Select(file => (Path: Text(file["path"]), Old: EndOf(file))).Where(file => IsWanted(file.Path)).Select(file => Compare(file.Path, file.Old)).OfType<string>().ToList();
        if (newer.Count == 0) return "";
        var more = newer.Count > MostNamed ? $", and {newer.Count - MostNamed} more" : "";
        return $" Certificates that were renewed since then become the old ones again, with their keys: {string.Join(", ", newer.Take(MostNamed))}{more}. Leave them out with --exclude to keep them.";

        bool IsWanted(string path) => path.Length > 0 && (include.IsEmpty || include.Matches(path)) && (within.IsEmpty || within.Matches(path)) && !exclude.Matches(path);
    }

    private static string? Compare(string path, DateTimeOffset? old) =>
        old is { } then && StandingEnd(path) is { } now && now > then
            ? string.Create(CultureInfo.InvariantCulture, $"{path} (until {now.UtcDateTime:yyyy-MM-dd}, that of the point until {then.UtcDateTime:yyyy-MM-dd})") : null;

    private static DateTimeOffset? StandingEnd(string path)
    {
        try
        {
            return PathTrail.Follow(path).Place is { } place && CertificateParser.Parse(LocalText.ReadBytes(place, LargestFile)).Certificates is [var first, ..] ? first.NotAfter : null;
        }
        catch (Exception unreadable) when (unreadable is not OutOfMemoryException)
        {
            return null; // it is nothing that a restore could make older
        }
    }

    // The first one in a file is the server's own; those after it lead to an authority.
    private static DateTimeOffset? EndOf(JsonObject file) =>
        file["certificates"] is JsonArray { Count: > 0 } all && all[0] is JsonObject first
        && DateTimeOffset.TryParse(Text(first["notAfter"]), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) ? end : null;

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
