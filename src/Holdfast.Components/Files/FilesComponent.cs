using Holdfast.Components.Files.Certificates;
using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files;

/// <summary>Configuration files, TLS keys and certificates.</summary>
public sealed class FilesComponent : IComponent
{
    /// <summary>The folder of a recovery point that contains the files, under their absolute paths.</summary>
    internal const string Root = "/files";

    private readonly FilesSettings _settings;
    private readonly TimeProvider _clock;

    internal FilesComponent(FilesSettings settings, TimeProvider clock) => (_settings, _clock) = (settings, clock);

    public string Name => "files";

    public string Kind => "files";

    public bool PlansRestoreAlone => true;

    /// <summary>Empty: see <see cref="RestoreFiles"/> for why a restore needs no undo.</summary>
    public IReadOnlyList<IUndoHandler> UndoHandlers => [];

    /// <summary>Creates the component that a profile describes; null when it has no 'files'.</summary>
    public static FilesComponent? From(Profile profile, TimeProvider clock) =>
        FilesSettings.Read(profile) is { } settings ? new(settings, clock) : null;

    public async Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation)
    {
        var survey = await Task.Run(() => new FilesSurvey(_settings, _clock.GetUtcNow(), _settings.StopsServices).Walk(cancellation), cancellation);
        return [.. survey.Problems];
    }

    /// <summary>Warns of a repository that a backup would capture; null when it is elsewhere, or is excluded.</summary>
    /// <param name="directory">The absolute path of the repository; it need not exist.</param>
    public Problem? WarnOfRepository(string directory)
    {
        var trail = PathTrail.Follow(directory);
        var path = trail.Place ?? trail.Lost ?? directory;
        var places = new PathSet(Selection.Find(_settings.Groups).Places);
        if (!places.Contains(path) && !places.HasAbove(path) || new PatternList(_settings.Exclude).Matches(path)) return null;
        return Catalogue.RepositoryCaptured.With($"The repository {directory} lies in what 'files' of the profile selects, so each backup would capture the repository, too.");
    }

    public Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation)
    {
        // Trees may be large, and the step itself walks them: a plan only needs what is selected.
        var survey = new FilesSurvey(_settings, _clock.GetUtcNow(), session.Mode != BackupMode.Online);
        var capture = new CaptureFiles(_settings, session, _clock);
        var bulk = new Step
        {
            Name = "Capture configuration files",
            Does = $"Archive {Quantity.Of(survey.Tops.Count, "path")} of {Quantity.Of(survey.Selection.Groups.Count, "group")}, {survey.Certificates.Count} certificates and keys among them. {Configurations(survey)}",
            Component = Name,
            Act = capture.RunAsync,
        };
        var again = new Step
        {
            Name = "Capture files that have changed since",
            Does = "Look at the same paths once more, and read what differs in size or time.",
            Component = Name,
            Act = capture.RunAgainAsync,
        };
        return Task.FromResult(new CapturePlan { Warnings = [.. survey.Problems], Before = [bulk], Mark = session.Mode == BackupMode.Quiesced ? [again] : [] });
    }

    public async Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation)
    {
        if (!session.Manifest.Components.Any(record => record.Kind == Kind)) return [];
        var patterns = await RestorePatterns.OfAsync(session, cancellation);
        if (!await patterns.FitAsync(session, cancellation)) return [];
        var outside = session.Target is null
            ? await OutsideSelection.FindAsync(_settings, patterns, session, cancellation) : OutsideSelection.None;
        var lent = await LentFiles.FindAsync(_settings, patterns, session, cancellation);
        patterns = patterns with { Exclude = [.. patterns.Exclude, .. lent.Paths] };
        patterns = patterns with { Within = Within(session, outside) };
        if (!session.WritesUnselected && !outside.IsMore) session.AskFor(outside.Paths);
        var forecast = await FilesForecast.OfAsync(session, patterns, cancellation);
        forecast.CheckRoom();
        var details = session.Manifest.Components.First(record => record.Kind == Kind).Details;
        var renewed = session.Target is null ? NewerCertificates.Describe(details, patterns) : "";
        return
        [
            new Step
            {
                Name = "Restore configuration files",
                Does = Sentence(session, forecast.Chosen) + Outside(session, outside) + lent.Sentence + renewed + forecast.Owners(),
                Component = Name,
                Destroys = session.Target is null,
                Remains = "Files that it had written stay, each of them whole.",
                Act = new RestoreFiles(session, patterns, forecast, outside, OutsideSelection.Selects(_settings)) { Renewed = renewed.Trim(), Left = lent.Warning }.RunAsync,
            },
        ];
    }

    /// <summary>
    /// The patterns that limit a restore: from a recovery point of another machine, no file is written that the profile
    /// does not select and the plan does not list.
    /// </summary>
    private string[] Within(RestoreSession session, OutsideSelection outside)
    {
        if (!session.IsConfined) return [];
        string[] selected = [.. OutsideSelection.Selected(_settings), "."]; // "." matches nothing: an empty list would mean all
        if (!session.WritesUnselected) return selected;
        return outside.IsMore
            ? throw Catalogue.RestoreUnselected.Throwable(
                $"The recovery point has more than {RestoreSession.MostUnselected} files that the profile does not select, too many to confirm, so nothing was done.",
                "Restore with --target and take from there what is meant; or name it in the profile, or with --include.")
            : [.. selected, .. outside.Paths.Select(PathPattern.Escape)];
    }

    private static string Outside(RestoreSession session, OutsideSelection outside) => outside.Paths.Count == 0 ? ""
        : $" Not selected by the profile, but in the point and {Fate(session, outside)}: {outside.Named}.";

    private static string Fate(RestoreSession session, OutsideSelection outside) =>
        session.WritesUnselected ? "written as well" : outside.IsMore ? "left out" : "left out unless that is confirmed";

    private static string Configurations(FilesSurvey survey) => survey.Configurations.Count == 0
        ? "No configuration that names certificates was found."
        : $"Configurations read for certificates: {Quantity.List(survey.Configurations.Order(StringComparer.Ordinal), most: 50)}.";

    private static string Sentence(RestoreSession session, string chosen)
    {
        var existing = session.Overwrite ? "what differs is replaced." : $"what differs is moved aside, to '.NAME{session.AsideSuffix}~' beside it.";
        if (session.Target is not { } target) return $"Write the files of the recovery point{chosen} to where they came from; {existing}";
        var rights = session.Files.PrivilegedModes ? "" : " Set-id bits, ACLs, file capabilities and other attributes of the system, and device nodes are left out.";
        return $"Write the files of the recovery point{chosen} below {target}; {existing}{rights}";
    }
}
