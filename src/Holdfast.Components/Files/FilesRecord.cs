using System.Text.Json.Nodes;
using Holdfast.Components.Files.Certificates;

namespace Holdfast.Components.Files;

/// <summary>
/// The files in the manifest: each line of the profile with its outcome, and the certificates. Nothing of it is secret.
/// </summary>
internal static class FilesRecord
{
    private const string Tops = "tops", Certificates = "certificates", Lent = "lent";

    /// <summary>
    /// The lent files: only configurations of users other than root name them, and these users do not own them; empty
    /// for recovery points that do not record them.
    /// </summary>
    public static IEnumerable<string> LentFiles(JsonNode? details) =>
        (details?[Certificates] as JsonArray ?? []).SelectMany(file => (file?[Lent] as JsonArray ?? []).Select(place => place!.GetValue<string>())).Distinct(StringComparer.Ordinal);

    /// <summary>
    /// The parent folders of what was captured, which belong to the machine; empty for recovery points that do not
    /// record them.
    /// </summary>
    public static IReadOnlySet<string> FoldersOnTheWay(JsonNode? details)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var top in (details?[Tops] as JsonArray ?? []).Select(top => top!.GetValue<string>()))
            for (var slash = top.LastIndexOf('/'); slash > 0; slash = top.LastIndexOf('/', slash - 1)) folders.Add(top[..slash]);
        return folders;
    }

    public static JsonObject Details(FilesSurvey survey) => new()
    {
        ["groups"] = Grouped(survey.Selection),
        [Tops] = Listed(survey.Tops, top => JsonValue.Create(top)),
        ["skipped"] = Listed(survey.Gate.Databases, found => new JsonObject { ["path"] = found.Path, ["database"] = found.Database }),
        [Certificates] = CertificatesOf(survey),
    };

    /// <summary>
    /// Formats the certificates. A file that is named by another configuration as well, for which it is not lent, is
    /// not lent.
    /// </summary>
    private static JsonArray CertificatesOf(FilesSurvey survey)
    {
        var own = survey.Certificates.Where(file => !file.IsLent).SelectMany(FilesSurvey.PlacesOf).ToHashSet(StringComparer.Ordinal);
        return Listed(survey.Certificates, file =>
        {
            var certificate = Certificate(file);
            if (file.IsLent) certificate[Lent] = Listed(FilesSurvey.PlacesOf(file).Where(place => !own.Contains(place)), place => JsonValue.Create(place));
            return certificate;
        });
    }

    private static JsonObject Grouped(Selection selection)
    {
        var groups = new JsonObject();
        foreach (var group in selection.Groups) groups[group.Name] = Listed(group.Entries, Entry);
        return groups;
    }

    private static JsonObject Entry(SelectedEntry selected)
    {
        var entry = new JsonObject { ["path"] = selected.Entry.Path, ["state"] = Word(selected.State) };
        if (selected.Entry.DataDirectory is { } component) entry["component"] = component;
        // The target of a pattern or a link is recorded; most paths are their own target.
        if (selected.State == EntryState.Selected && selected.Places is not [var only] || selected.Places.Count == 1 && selected.Places[0] != selected.Entry.Path)
            entry["places"] = Listed(selected.Places, place => JsonValue.Create(place));
        return entry;
    }

    private static string Word(EntryState state) => state switch
    {
        EntryState.Selected => "captured",
        EntryState.Missing => "missing",
        EntryState.Unseen => "unseen",
        EntryState.Absent => "absent",
        EntryState.Refused => "refused",
        EntryState.Elsewhere => "elsewhere",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "A state without a word."),
    };

    private static JsonObject Certificate(FoundFile file) => new()
    {
        ["path"] = file.Path,
        ["state"] = file.IsDistrusted || file.Trail.Refused is not null ? "refused" : file.IsMissing ? "missing" : file.Unreadable is not null ? "unreadable" : "captured",
        ["format"] = file.Content?.Format,
        ["namedBy"] = Listed(file.NamedBy, named => new JsonObject { ["file"] = named.NamedBy, ["setting"] = named.Setting }),
        ["certificates"] = Listed(file.Content?.Certificates ?? [], Facts),
        ["keys"] = Listed(file.Content?.Keys ?? [], key => new JsonObject { ["algorithm"] = key.Algorithm, ["encrypted"] = key.IsEncrypted }),
    };

    private static JsonObject Facts(CertificateFacts facts) => new()
    {
        ["subject"] = facts.Subject,
        ["names"] = Listed(facts.Names, name => JsonValue.Create(name)),
        ["issuer"] = facts.Issuer,
        ["notBefore"] = Instant(facts.NotBefore),
        ["notAfter"] = Instant(facts.NotAfter),
        ["serial"] = facts.Serial,
        ["sha256"] = facts.Fingerprint,
    };

    private static string Instant(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    private static JsonArray Listed<T>(IEnumerable<T> items, Func<T, JsonNode?> node) => new([.. items.Select(node)]);
}
