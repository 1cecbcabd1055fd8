using System.Collections.Concurrent;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files;

/// <summary>
/// The step that archives the selected files, and records the outcome of each line of the profile in the manifest.
/// </summary>
internal sealed class CaptureFiles(FilesSettings settings, CaptureSession session, TimeProvider clock)
{
    private readonly Allowance _warnings = new(50);
    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);

    private readonly ConcurrentQueue<string> _vanished = [];

    private ComponentRecord? _record;
    private IReadOnlySet<string> _named = new HashSet<string>(StringComparer.Ordinal);

    public async Task RunAsync(StepContext step, CancellationToken cancellation)
    {
        var survey = await SurveyAsync(cancellation);
        (step.Counters.ItemsTotal, step.Counters.BytesTotal) = survey.Extent;
        var record = _record = new ComponentRecord { Name = "files", Kind = "files", Path = FilesComponent.Root, Complete = !survey.IsIncomplete, From = clock.GetUtcNow() };
        // The writer's figures include the steps before this one; only those of this step are reported.
        var (counters, before) = (session.Writer.Counters, Figures.Of(session.Writer.Counters));
        step.Counters.Refresh = shown => Show(Figures.Of(counters) - before, shown);
        await ArchiveAsync(survey, record, step, null, cancellation);
        WarnOnce(survey, step);
        if (session.Mode == BackupMode.Cold) JudgeStores(survey, record, step);
        if (_warnings.Suppressed > 0) step.Warn(KindOf(!record.Complete).With($"{_warnings.Suppressed} more files could not be read, or changed each time."));
        Complete(record, survey, Figures.Of(counters) - before);
        OmitAside(survey, record, step);
        record.To = clock.GetUtcNow();
        session.Manifest.Components.Add(record);
    }

    /// <summary>
    /// Archives the files a second time while the platform is quiesced: what has changed since is read, so that the
    /// recovery point is of this instant. Warnings are not repeated.
    /// </summary>
    public async Task RunAgainAsync(StepContext step, CancellationToken cancellation)
    {
        var record = _record!;
        record.From = clock.GetUtcNow();
        var survey = await SurveyAsync(cancellation);
        (step.Counters.ItemsTotal, _) = survey.Extent;
        record.Complete = !survey.IsIncomplete;
        var counters = new ArchiveCounters();
        step.Counters.Refresh = shown => Interlocked.Exchange(ref shown.ItemsDone, Figures.Of(counters).Files);
        await ArchiveAsync(survey, record, step, counters, cancellation);
        WarnOnce(survey, step);
        JudgeStores(survey, record, step);
        record.Details = FilesRecord.Details(survey);
        OmitAside(survey, record, step);
        record.To = clock.GetUtcNow();
        var changed = counters.FilesNew + counters.FilesChanged;
        if (changed > 0) step.Note($"{Quantity.Of(changed, "file")} had changed since {(changed == 1 ? "it was" : "they were")} captured.");
    }

    /// <summary>
    /// Reports which moved-aside copies of a restore are left out; they are not part of the platform.
    /// </summary>
    private void OmitAside(FilesSurvey survey, ComponentRecord record, StepContext step)
    {
        record.Omissions = null;
        if (survey.Aside is not { Count: > 0 } aside) return;
        var named = Quantity.List(aside, most: 20);
        record.Omit(named, "a restore had moved it aside");
        var sentence = $"What a restore had moved aside is not in the recovery point: {named}. Delete it when you do not need it any more; the profile captures it where it names it in full.";
        if (_told.TryAdd(sentence, true)) step.Note(sentence);
    }

    private Task<FilesSurvey> SurveyAsync(CancellationToken cancellation) =>
        Task.Run(() => new FilesSurvey(settings, clock.GetUtcNow(), session.Mode != BackupMode.Online).Walk(cancellation), cancellation);

    // The platform is quiesced now; a process that still has a store open may have written to it while it was copied.
    private static void JudgeStores(FilesSurvey survey, ComponentRecord record, StepContext step)
    {
        var stores = survey.Gate.Stores.ToList();
        if (stores.Count == 0) return;
        var open = OpenFiles.Look();
        foreach (var store in stores)
        {
            if (open.HolderOf(store.Path) is not { } holder) continue;
            record.Complete = false;
            step.Warn(FilesSurvey.Unsafe(store, $"{holder} has it open"));
        }
    }

    private void WarnOnce(FilesSurvey survey, StepContext step)
    {
        foreach (var problem in survey.Problems)
            if (_told.TryAdd(problem.Message, true)) step.Warn(problem);
    }

    private async Task ArchiveAsync(FilesSurvey survey, ComponentRecord record, StepContext step, ArchiveCounters? counters, CancellationToken cancellation)
    {
        _named = survey.NamedPlaces;
        var options = new ArchiveOptions
        {
            Prefix = FilesComponent.Root,
            Exclude = survey.Gate.Excludes,
            Counters = counters,
            OnWarning = warning => Report(warning, record, step),
        };
        foreach (var gone in await session.Writer.AddPathsAsync(survey.Tops, options, cancellation))
            Report(new ArchiveWarning(gone, $"{gone} vanished while the recovery point was taken", Left: true) { IsGone = true }, record, step);
        ReportVanished(step);
    }

    private void Report(ArchiveWarning warning, ComponentRecord record, StepContext step)
    {
        if (warning.KernelFileSystem is { } kernel)
        {
            if (_told.TryAdd(warning.Path, true)) step.Note($"{warning.Path} was skipped: it lies in a file system of the kernel ({kernel}), which is never captured.");
            return;
        }
        if (warning.IsGone && !_named.Contains(warning.Path))
        {
            if (_told.TryAdd(warning.Path, true)) _vanished.Enqueue(warning.Path);
            return;
        }
        if (MountOf(warning) is { } mounted)
        {
            if (_told.TryAdd(warning.Path, true))
                step.Warn(Catalogue.FilesMount.With(
                    $"At {warning.Path} a user has mounted a file system ({mounted}) that root cannot see into, so it and what it covers were left out."));
            return;
        }
        var isDatabase = !warning.Left && LiveStore.IsSqlite(warning.Path);
        if (warning.Left || isDatabase) record.Complete = false;
        if (!_told.TryAdd(warning.Message, true) || !_warnings.Take()) return;
        if (isDatabase) step.Warn(FilesSurvey.Unsafe(new LiveStore(warning.Path, "SQLite"), "it changed each time it was read"));
        else step.Warn(KindOf(warning.Left).With($"A file was {(warning.Left ? "left out" : "kept as last read")}: {warning.Message}."));
    }

    // Root is denied access to nothing but mounts of other users. A user who may mount in a captured folder must not
    // make the rest of it count as incomplete; a path that the profile names counts as missing all the same.
    private string? MountOf(ArchiveWarning warning) =>
        warning.Left && Environment.IsPrivilegedProcess && !_named.Contains(warning.Path)
            ? MountTable.UserFileSystemAt(warning.Path) : null;

    // Files are created and removed all the time; one that was removed before it could be read is not missing from the
    // recovery point.
    private void ReportVanished(StepContext step)
    {
        var vanished = _vanished.ToArray();
        _vanished.Clear();
        if (vanished.Length == 1) step.Note($"{vanished[0]} vanished while files were captured, so it is not in the recovery point.");
        if (vanished.Length > 1) step.Note($"{vanished.Length} files or folders vanished while files were captured, {vanished[0]} among them, so they are not in the recovery point.");
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
