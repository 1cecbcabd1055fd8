using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Files;

/// <summary>The section 'files' of a profile.</summary>
internal sealed record FilesSettings
{
    public required IReadOnlyList<FileGroup> Groups { get; init; }

    /// <summary>The patterns of what is excluded; see <see cref="Restic.Filtering.PatternList"/>.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Whether certificates and keys are found through the configurations that name them. True by default.</summary>
    public bool FindsCertificates { get; init; } = true;

    /// <summary>
    /// A certificate that expires sooner causes a warning. 30 days by default: enough time to renew it.
    /// </summary>
    public TimeSpan CertificateWarning { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Patterns of configurations that are read for certificates besides those among the selected files, by program.
    /// </summary>
    public IReadOnlyList<(string Program, string Pattern)> Configurations { get; init; } = [];

    /// <summary>The kinds of components in the profile, which are the valid values of 'data-directory'.</summary>
    public IReadOnlyList<string> Components { get; init; } = ["files"];

    /// <summary>True when the profile has services, so that backups stop the platform by default.</summary>
    public bool StopsServices { get; init; }

    /// <summary>Reads the section of a valid profile; null when it has none.</summary>
    public static FilesSettings? Read(Profile profile)
    {
        var components = profile.Root["components"];
        if (components.Find("files") is not { } files) return null;
        var certificates = files.Find("certificates");
        return new FilesSettings
        {
            Groups = [.. files["groups"].Keys.Select(name => new FileGroup(name, [.. files["groups"][name].Items.Select(ReadEntry)]))],
            Exclude = [.. files.Find("exclude")?.Items.Select(item => item.Text) ?? []],
            FindsCertificates = certificates?.Find("discover")?.Boolean ?? true,
            CertificateWarning = TimeSpan.FromDays(certificates?.Find("warn-days")?.Integer ?? 30),
            Configurations = [.. ReadConfigurations(certificates?.Find("configurations"))],
            Components = components.Keys,
            StopsServices = profile.Root.Find("services")?.Items is { Count: > 0 },
        };
    }

    private static FileEntry ReadEntry(ProfileNode entry) =>
        entry.IsScalar ? new(entry.Text)
        : new(entry["path"].Text, entry.Find("optional")?.Boolean ?? false, entry.Find("data-directory")?.Text);

    private static IEnumerable<(string Program, string Pattern)> ReadConfigurations(ProfileNode? configurations) =>
        configurations?.Keys.SelectMany(program => configurations[program].Items.Select(item => (program, item.Text))) ?? [];
}
