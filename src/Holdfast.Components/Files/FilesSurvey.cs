using Holdfast.Components.Files.Certificates;
using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files;

/// <summary>
/// What can be determined about a capture of files before it is done: what is selected, what is missing or refused, and
/// the certificates. The content of selected folders is known after <see cref="Walk"/>.
/// </summary>
internal sealed class FilesSurvey
{
    private readonly FilesSettings _settings;
    private readonly DateTimeOffset _now;
    private readonly ConfigurationReader _configurations = new();

    private readonly bool _isStopped;

    /// <summary>Examines the file system without changing anything.</summary>
    /// <param name="settings">The section 'files' of the profile.</param>
    /// <param name="now">The time against which the validity of certificates is checked.</param>
    /// <param name="isStopped">
    /// True when the platform is quiesced for the capture: a store is then judged by whether a process has it open, not
    /// by its kind.
    /// </param>
    public FilesSurvey(FilesSettings settings, DateTimeOffset now, bool isStopped = false)
    {
        (_settings, _now, _isStopped) = (settings, now, isStopped);
        Selection = Selection.Find(settings.Groups, isStopped);
        if (settings.FindsCertificates) (Certificates, _configurations) = FindCertificates();
        var excludes = new PatternList(settings.Exclude);
        var places = Selection.Places.Concat(Certificates.SelectMany(PlacesOf)).Concat(LinkedConfigurations()).Distinct(StringComparer.Ordinal)
            .Where(place => !excludes.Matches(place)).ToList();
        Gate = new Gate(excludes, places, isStopped);
        Tops = [.. places.Where(place => !Gate.IsBelowPlace(place)).Order(StringComparer.Ordinal)];
    }

    public Selection Selection { get; }

    /// <summary>
    /// The real paths to capture, including certificates, without those below another one, which includes them.
    /// </summary>
    public IReadOnlyList<string> Tops { get; }

    public IReadOnlyList<FoundFile> Certificates { get; } = [];

    /// <summary>The configurations that were read for certificates.</summary>
    public IReadOnlyList<string> Configurations => _configurations.Names;
    public Gate Gate { get; }

    /// <summary>The extent of the selection; empty before <see cref="Walk"/>.</summary>
    public Extent Extent { get; private set; }

    /// <summary>True when something that was requested will not be in the recovery point.</summary>
    public bool IsIncomplete => Selection.Entries.Any(entry => entry.State is EntryState.Missing or EntryState.Unseen or EntryState.Refused || entry.Refused.Count > 0 || (entry.Lost.Count > 0 && !entry.Entry.Optional))
        || Certificates.Any(file => file.Unseen is not null)
        || RefusedLinks.Any()
        || (!_isStopped && Gate.Stores.Any())
        || Undeclared.Any();

    /// <summary>
    /// Links that were not followed, except for those that point to something that is selected anyway.
    /// </summary>
    public IEnumerable<RefusedLink> RefusedLinks => Selection.Entries.SelectMany(entry => entry.RefusedLinks)
        .Concat(Certificates.Select(file => file.Trail.Refused).OfType<RefusedLink>())
        .Distinct().Where(refused => !Gate.IsPlace(refused.Target) && !Gate.IsBelowPlace(refused.Target));

    /// <summary>
    /// Selected paths that the profile, or a configuration, names individually: it is reported when they vanish.
    /// </summary>
    public IReadOnlySet<string> NamedPlaces => Selection.Entries.Where(entry => entry.IsPlain && !entry.Entry.Optional).SelectMany(entry => entry.Places)
        .Concat(Certificates.SelectMany(PlacesOf)).ToHashSet(StringComparer.Ordinal);

    /// <summary>
    /// Data directories below selected paths, except for those that the profile declares to be captured by another
    /// component.
    /// </summary>
    public IEnumerable<DataDirectory> Undeclared => Gate.Databases.Where(found => !_settings.Groups.SelectMany(group => group.Entries)
        .Any(entry => entry.DataDirectory is not null && new PathPattern(entry.Path).Matches(PathPattern.NamesOf(found.Path))));

    /// <summary>
    /// The moved-aside copies of a restore that are left out; those deep in selected folders are known after
    /// <see cref="Walk"/>.
    /// </summary>
    public IReadOnlyList<string> Aside =>
        [.. Selection.Entries.SelectMany(entry => entry.Aside).Concat(Gate.Aside).Where(path => !Gate.IsPlace(path)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>
    /// Walks everything that would be captured. Content is not read, so it takes microseconds for each file.
    /// </summary>
    public FilesSurvey Walk(CancellationToken cancellation)
    {
        Extent = Extent.Measure(Tops, Gate, cancellation);
        return this;
    }

    /// <summary>All problems to report.</summary>
    public IEnumerable<Problem> Problems =>
        Selection.Entries.SelectMany(ProblemsOf)
            .Concat(RefusedLinks.Select(refused => Catalogue.FilesLink.With($"The link {refused.Link} to {refused.Target} was not followed: {refused.Reason}.")))
            .Concat(Undeclared.Select(Refusal))
            .Concat(_isStopped ? [] : Gate.Stores.Select(store => Unsafe(store, "it may be written while it is copied")))
            .Concat(_configurations.Problems)
            .Concat(new CertificateJudge(_now, _settings.CertificateWarning).Judge(Certificates));

    private IEnumerable<Problem> ProblemsOf(SelectedEntry entry)
    {
        if (entry is { State: EntryState.Missing, KernelFileSystems: [var kernel, ..] })
            yield return Catalogue.FilesMissing.With($"{entry.Entry.Path} lies in a file system of the kernel ({kernel}), which is never captured.", "Take it out of 'files'.");
        else if (entry.State == EntryState.Missing) yield return Catalogue.FilesMissing.With($"{entry.Entry.Path} is not there.");
        if (entry.State == EntryState.Unseen)
            yield return Catalogue.FilesUnreadable.With($"Whether {entry.Entry.Path} is there cannot be told: {LocalEntries.WhyUnseen(Glob.PlainPartOf(entry.Entry.Path))}.");
        foreach (var (link, target) in entry.Entry.Optional ? [] : entry.Lost)
            yield return Catalogue.FilesMissing.With($"{link} is a link to {target}, which is not there.", "Correct the link, or mark the path 'optional: true'.");
        foreach (var refused in entry.Refused) yield return Refusal(refused);
        if (entry.State == EntryState.Elsewhere && !_settings.Components.Contains(entry.Entry.DataDirectory!, StringComparer.Ordinal) && Glob.Expand(entry.Entry.Path).Count > 0)
            yield return Catalogue.FilesElsewhere.With($"The data in {entry.Entry.Path} is left to the component '{entry.Entry.DataDirectory}', which this profile does not have: it is not in the recovery point.");
    }

    /// <summary>Creates the problem of a store that was captured while it could change.</summary>
    public static Problem Unsafe(LiveStore store, string why) => Catalogue.FilesDatabase.With(
        $"{store.Path} holds data of {store.Database}, and the copy of it is worthless: {why}.",
        "Stop its service in the window (mode quiesced or cold), capture a dump of it instead, or exclude it from 'files'.");

    private static Problem Refusal(DataDirectory found) =>
        Catalogue.FilesDatabase.With($"{found.Path} is a data directory of {found.Database}: it was skipped, because a copy of it while it runs is worthless.", found.Remedy);

    private (IReadOnlyList<FoundFile> Found, ConfigurationReader Reader) FindCertificates()
    {
        var configurations = _settings.Configurations.SelectMany(configuration => Glob.Expand(configuration.Pattern).Select(path => (configuration.Program, path)));
        return CertificateSearch.Run(Selection.Places.SelectMany(ConfigurationsAt).Distinct(StringComparer.Ordinal), configurations);
    }

    /// <summary>
    /// Finds configurations in a selected folder, a few levels deep (/etc contains all of a machine's). Trees of data
    /// are not searched completely: entries near the top are read first, up to a maximum number of entries.
    /// </summary>
    private static IEnumerable<string> ConfigurationsAt(string place)
    {
        const int deepest = 5, mostEntries = 20_000;
        var seen = 0;
        var ahead = new Queue<(string Path, int Depth)>([(place, 0)]);
        while (ahead.TryDequeue(out var next))
        {
            var (path, depth) = next;
            if (!Disk.IsFolder(path))
            {
                yield return path;
                continue;
            }
            if (depth > deepest || seen > mostEntries || LocalEntries.KernelFileSystem(path) is not null) continue;
            var names = Disk.Names(path);
            if (DataDirectory.Recognise(path, names) is not null) continue;
            foreach (var name in names.Take(mostEntries - seen + 1).Where(name => !MovedAside.IsFile(name))) ahead.Enqueue((path == "/" ? path + name : $"{path}/{name}", depth + 1));
            seen += names.Count;
        }
    }

    // A link in a selected folder is captured as a link; for a configuration, its target is captured as well.
    private IEnumerable<string> LinkedConfigurations() =>
        _configurations.Linked.Where(linked => Selection.Places.Any(place => linked.Path == place || linked.Path.StartsWith(place.TrimEnd('/') + '/', StringComparison.Ordinal)))
            .SelectMany(linked => PlacesOf(linked.Trail));

    /// <summary>The paths to capture for a file that configurations name: the links on the way, and the file.</summary>
    public static IEnumerable<string> PlacesOf(FoundFile file) =>
        file.IsDistrusted ? [] : file.Unreadable is not null && !Disk.IsFile(file.Trail.Place ?? "") ? file.Trail.Links : PlacesOf(file.Trail);

    private static IEnumerable<string> PlacesOf(PathTrail trail) =>
        trail.Place is { } place && Disk.IsFile(place) ? trail.Links.Append(place) : trail.Links;
}
