using System.Collections.Concurrent;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files;

/// <summary>The step that archives the selected files, and records in the manifest what became of each line of the profile.</summary>
internal sealed class CaptureFiles(FilesSettings settings, CaptureSession session, TimeProvider clock)
{
    private readonly Allowance _warnings = new(50);
    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);

    private ComponentRecord? _record;

    public async Task RunAsync(StepContext step, CancellationToken cancellation)
    {
        var survey = await Task.Run(() => new FilesSurvey(settings, clock.GetUtcNow()).Walk(cancellation), cancellation);
        (step.Counters.ItemsTotal, step.Counters.BytesTotal) = survey.Extent;
        var record = _record = new ComponentRecord { Name = "files", Kind = "files", Path = FilesComponent.Root, Complete = !survey.IsIncomplete, From = clock.GetUtcNow() };
        // The writer's figures go on from the steps before this one; a person wants those of this step.
        var (counters, before) = (session.Writer.Counters, Figures.Of(session.Writer.Counters));
        step.Counters.Refresh = shown => Show(Figures.Of(counters) - before, shown);
        await ArchiveAsync(survey, record, step, null, cancellation);
        foreach (var problem in survey.Problems) step.Warn(problem);
        if (_warnings.Suppressed > 0) step.Warn(KindOf(!record.Complete).With($"{_warnings.Suppressed} more files could not be read, or changed each time."));
        Complete(record, survey, Figures.Of(counters) - before);
        record.To = clock.GetUtcNow();
        session.Manifest.Components.Add(record);
    }

    /// <summary>Once more, when nobody writes: what has changed since is read, and the point is of this instant. What was warned of is not said twice.</summary>
    public async Task RunAgainAsync(StepContext step, CancellationToken cancellation)
    {
        var record = _record!;
        record.From = clock.GetUtcNow();
        var survey = await Task.Run(() => new FilesSurvey(settings, clock.GetUtcNow()).Walk(cancellation), cancellation);
        (step.Counters.ItemsTotal, _) = survey.Extent;
        record.Complete = !survey.IsIncomplete;
        var counters = new ArchiveCounters();
        step.Counters.Refresh = shown => Interlocked.Exchange(ref shown.ItemsDone, Figures.Of(counters).Files);
        await ArchiveAsync(survey, record, step, counters, cancellation);
        record.Details = FilesRecord.Details(survey);
        record.To = clock.GetUtcNow();
        var changed = counters.FilesNew + counters.FilesChanged;
        if (changed > 0) step.Note($"{changed} files had changed since they were captured.");
    }

    private async Task ArchiveAsync(FilesSurvey survey, ComponentRecord record, StepContext step, ArchiveCounters? counters, CancellationToken cancellation)
    {
        var options = new ArchiveOptions
        {
            Prefix = FilesComponent.Root,
            Exclude = survey.Gate.Excludes,
            Counters = counters,
            OnWarning = warning => Report(warning, record, step),
        };
        foreach (var gone in await session.Writer.AddPathsAsync(survey.Tops, options, cancellation))
            Report(new ArchiveWarning(gone, $"{gone} vanished while the recovery point was taken", Left: true), record, step);
    }

    private void Report(ArchiveWarning warning, ComponentRecord record, StepContext step)
    {
        if (warning.Left) record.Complete = false;
        if (!_told.TryAdd(warning.Message, true) || !_warnings.Take()) return;
        step.Warn(KindOf(warning.Left).With($"A file was {(warning.Left ? "left out" : "kept as last read")}: {warning.Message}."));
    }

    private static ProblemKind KindOf(bool left) => left ? Catalogue.FilesUnreadable : Catalogue.FilesChanged;

    private static void Show(Figures figures, StepCounters shown)
    {
        Interlocked.Exchange(ref shown.ItemsDone, figures.Files);
        Interlocked.Exchange(ref shown.BytesDone, figures.Bytes);
    }

    private static void Complete(ComponentRecord record, FilesSurvey survey, Figures figures)
    {
        record.Counts["files"] = figures.Files;
        record.Counts["directories"] = figures.Directories;
        record.Counts["bytes"] = figures.Bytes;
        record.Counts["missing"] = survey.Selection.Entries.Count(entry => entry.State == EntryState.Missing);
        record.Counts["certificates"] = survey.Certificates.Sum(file => file.Content?.Certificates.Count ?? 0);
        record.Details = FilesRecord.Details(survey);
    }
}
