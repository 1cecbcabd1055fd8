using Holdfast.Components.Files.Certificates;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files;

/// <summary>
/// All that can be told about a capture of files before it is done: what is selected, what is missing or refused, and the
/// certificates. What lies deep in selected folders is known after <see cref="Walk"/>.
/// </summary>
internal sealed class FilesSurvey
{
    private readonly FilesSettings _settings;
    private readonly DateTimeOffset _now;
    private readonly IReadOnlyList<Problem> _configurationProblems;

    /// <summary>Looks at the disk; nothing is changed.</summary>
    public FilesSurvey(FilesSettings settings, DateTimeOffset now)
    {
        (_settings, _now) = (settings, now);
        Selection = Selection.Find(settings.Groups);
        (Certificates, _configurationProblems) = settings.FindsCertificates ? FindCertificates() : ([], []);
        var excludes = new PatternList(settings.Exclude);
        var places = Selection.Places.Concat(Certificates.SelectMany(PlacesOf)).Distinct(StringComparer.Ordinal)
            .Where(place => !excludes.Matches(place)).ToList();
        Gate = new Gate(excludes, places);
        Tops = [.. places.Where(place => !Gate.IsBelowPlace(place)).Order(StringComparer.Ordinal)];
    }

    public Selection Selection { get; }

    /// <summary>The real paths to capture, certificates among them, without those that lie below another one: they come with it.</summary>
    public IReadOnlyList<string> Tops { get; }

    public IReadOnlyList<FoundFile> Certificates { get; }
    public Gate Gate { get; }

    /// <summary>How much it is; nothing before <see cref="Walk"/>.</summary>
    public Extent Extent { get; private set; }

    /// <summary>True when something that was asked for will not be in the point.</summary>
    public bool IsIncomplete => Selection.Entries.Any(entry => entry.State is EntryState.Missing or EntryState.Unseen or EntryState.Refused || entry.Refused.Count > 0)
        || Certificates.Any(file => file.Unseen is not null)
        || Undeclared.Any();

    /// <summary>Data directories below selected paths, but for those that the profile says are captured elsewhere.</summary>
    public IEnumerable<DataDirectory> Undeclared => Gate.Databases.Where(found => !_settings.Groups.SelectMany(group => group.Entries)
        .Any(entry => entry.DataDirectory is not null && new PathPattern(entry.Path).Matches(PathPattern.NamesOf(found.Path))));

    /// <summary>Goes through everything that would be captured. Content is not read, so that it takes microseconds a file.</summary>
    public FilesSurvey Walk(CancellationToken cancellation)
    {
        Extent = Extent.Measure(Tops, Gate, cancellation);
        return this;
    }

    /// <summary>Everything that a person should know.</summary>
    public IEnumerable<Problem> Problems =>
        Selection.Entries.SelectMany(ProblemsOf)
            .Concat(Undeclared.Select(Refusal))
            .Concat(Gate.RedisFolders.Select(folder => Catalogue.FilesChanged.With(
                $"{folder} holds data of Redis, which changes while it is copied.", "Exclude it from 'files'; its configuration is what belongs there.")))
            .Concat(_configurationProblems)
            .Concat(new CertificateJudge(_now, _settings.CertificateWarning).Judge(Certificates));

    private IEnumerable<Problem> ProblemsOf(SelectedEntry entry)
    {
        if (entry.State == EntryState.Missing) yield return Catalogue.FilesMissing.With($"{entry.Entry.Path} is not there.");
        if (entry.State == EntryState.Unseen)
            yield return Catalogue.FilesUnreadable.With($"Whether {entry.Entry.Path} is there can not be told: {LocalEntries.WhyUnseen(Glob.PlainPartOf(entry.Entry.Path))}.");
        foreach (var lost in entry.Entry.Optional ? [] : entry.Lost)
            yield return Catalogue.FilesMissing.With($"{entry.Entry.Path} is a link to {lost}, which is not there.", "Correct the link, or mark the path 'optional: true'.");
        foreach (var refused in entry.Refused) yield return Refusal(refused);
        if (entry.State == EntryState.Elsewhere && !_settings.Components.Contains(entry.Entry.DataDirectory!, StringComparer.Ordinal) && Glob.Expand(entry.Entry.Path).Count > 0)
            yield return Catalogue.FilesElsewhere.With($"The data in {entry.Entry.Path} is left to the component '{entry.Entry.DataDirectory}', which this profile does not have: it is not in the recovery point.");
    }

    private static Problem Refusal(DataDirectory found) =>
        Catalogue.FilesDatabase.With($"{found.Path} is a data directory of {found.Database}: it was skipped, because a copy of it while it runs is worthless.", found.Remedy);

    private (IReadOnlyList<FoundFile> Found, IReadOnlyList<Problem> Problems) FindCertificates()
    {
        var configurations = _settings.Configurations.SelectMany(configuration => Glob.Expand(configuration.Pattern).Select(path => (configuration.Program, path)));
        return CertificateSearch.Run(Selection.Places.SelectMany(ConfigurationsAt).Distinct(StringComparer.Ordinal), configurations);
    }

    // A selected folder may hold the configurations; deep trees are not searched for them.
    private static IEnumerable<string> ConfigurationsAt(string place) =>
        Disk.IsFolder(place) ? Disk.Names(place).Select(name => $"{place}/{name}").Where(Disk.IsFile) : [place];

    private static IEnumerable<string> PlacesOf(FoundFile file) =>
        file.Trail.Place is { } place && Disk.IsFile(place) ? file.Trail.Links.Append(place) : file.Trail.Links;
}
