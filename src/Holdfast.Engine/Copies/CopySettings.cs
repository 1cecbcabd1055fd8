using Holdfast.Engine.Profiles;
using Holdfast.Engine.Retention;

namespace Holdfast.Engine.Copies;

/// <summary>One item of 'copies' of a profile.</summary>
/// <param name="To">The location of the copy, as the profile writes it.</param>
/// <param name="Profile">The profile with the location of the copy as its repository, for the readers of that
/// setting.</param>
public sealed record CopySettings(string To, Profile Profile)
{
    /// <summary>The rules for the points that the copy keeps; without a rule it keeps every point.</summary>
    public KeepRules Keep { get; init; } = new();

    /// <summary>Points that are kept whatever the rules are, as in the source.</summary>
    public IReadOnlyList<Pin> Pins { get; init; } = [];

    /// <summary>Archived WAL is copied.</summary>
    public bool Wal { get; init; } = true;

    /// <summary>The copy is made after each backup that took a point.</summary>
    public bool AfterBackup { get; init; }

    /// <summary>The copies of a profile, in its order.</summary>
    public static IReadOnlyList<CopySettings> Of(Profile profile) =>
        [.. (profile.Root.Find("copies")?.Items ?? []).Select(copy => Of(profile, (YamlValue)copy))];

    private static CopySettings Of(Profile profile, YamlValue copy) => new(copy["to"].Text, AsRepository(profile, copy))
    {
        Keep = copy.Find("points") is { } points ? RetentionSettings.RulesOf(points) : new KeepRules(),
        Pins = RetentionSettings.Of(profile)?.Pins ?? [],
        Wal = copy.Find("wal")?.Boolean ?? true,
        AfterBackup = copy.Has("after"),
    };

    private static Profile AsRepository(Profile profile, YamlValue copy)
    {
        var entries = copy.Entries.Select(entry => entry.Key == "to" ? entry with { Key = "path" } : entry).ToList();
        var repository = new YamlEntry("repository", copy.Place, new YamlValue(copy.Place, entries));
        return new Profile
        {
            Platform = profile.Platform, File = profile.File, Source = profile.Source,
            Root = new YamlValue(copy.Place, [repository]),
        };
    }
}
