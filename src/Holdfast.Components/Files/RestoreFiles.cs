using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic;
using Holdfast.Restic.Restoring;

namespace Holdfast.Components.Files;

/// <summary>
/// The step that restores files. Each file is the old or the new one at any instant, because it is written beside its
/// path and renamed; so no undo is needed when the step is killed, and running it again completes it.
/// </summary>
/// <param name="session">The session of the restore.</param>
/// <param name="patterns">The files to restore.</param>
/// <param name="forecast">The owners that the files will have.</param>
/// <param name="outside">The contents of the recovery point besides what the profile selects.</param>
/// <param name="selects">Determines whether the profile selects a path.</param>
internal sealed class RestoreFiles(
    RestoreSession session, RestorePatterns patterns, FilesForecast forecast, OutsideSelection outside, Func<string, bool> selects)
{
    private const int MostNamed = 20;

    private readonly Allowance _warnings = new(50);

    /// <summary>
    /// The sentence on certificates that are newer than those of the recovery point; "" when there are none. Others may
    /// have been renewed since a plan was displayed.
    /// </summary>
    public required string Renewed { get; init; }

    /// <summary>The warning of files that are left unchanged; null when there are none.</summary>
    public Problem? Left { get; init; }

    public async Task RunAsync(StepContext step, CancellationToken cancellation)
    {
        var onTheWay = FilesRecord.FoldersOnTheWay(session.Manifest.Components.FirstOrDefault(record => record.Kind == "files")?.Details);
        var options = session.Options with
        {
            IsOnTheWay = path => onTheWay.Contains(path) || !MayChange(path),
            IsForeign = path => !session.HasOwnProfile && !MayChange(path),
            Include = patterns.Include,
            Exclude = patterns.Exclude,
            Within = patterns.Within,
            TrustTimes = session.Files.TrustTimes,
            NumericOwner = session.Files.NumericOwner,
        };
        step.Counters.Follow(options.Counters);
        ReportOutside(step);
        if (Left is not null) step.Warn(Left);
        if (Renewed.Length > 0) step.Note(Renewed);
        Report(await RestoreAsync(options, cancellation), step);
    }

    // A user with write access to the repository must not determine the owner of /etc when only a file in it is
    // restored.
    private bool MayChange(string folder) => session.Target is not null || session.IsOurs || selects(folder);

    /// <summary>
    /// Restores the files. The repository is only read, so an error of a full or read-only disk is never the
    /// repository's.
    /// </summary>
    private async Task<RestoreReport> RestoreAsync(RestoreOptions options, CancellationToken cancellation)
    {
        try
        {
            return await session.Repository.RestoreAsync(session.Point, FilesComponent.Root, session.Target ?? "/", options, cancellation);
        }
        catch (ResticException full) when (full.Error == ResticError.Full)
        {
            throw Catalogue.TargetFull.Throwable(full.Message, full);
        }
        catch (ResticException failure) when (failure.Error is ResticError.ReadOnly)
        {
            throw session.Target is not null ? Catalogue.TargetUnusable.Throwable(failure.Message, failure)
                : Catalogue.TargetUnusable.Throwable(failure.Message, "Run as root, or as a user that may write there; with --target the files are restored below another directory.", failure);
        }
    }

    private void Report(RestoreReport report, StepContext step)
    {
        session.CountFailed(report.Failures.Count);
        ReportOwners(step);
        foreach (var moved in report.MovedAside) step.Note($"{moved.Path} differed and was moved aside, to {moved.Aside}.");
        foreach (var failed in report.Failures.Where(_ => _warnings.Take()))
            step.Warn(Catalogue.RestoreFailures.With($"{failed.Path} could not be restored: {failed.Error}"));
        if (_warnings.Suppressed > 0) step.Warn(Catalogue.RestoreFailures.With($"{_warnings.Suppressed} more entries could not be restored."));
        if (report.LeftOut > 0) step.Note($"Left out: {Quantity.Of(report.LeftOut, "device node")}; --privileged-modes restores device nodes.");
        if (report.Reduced > 0) step.Note($"{Quantity.Of(report.Reduced, "entry was", "entries were")} restored without set-id bits, ACLs, file capabilities or other attributes of the system; --privileged-modes restores these.");
        if (report.Foreign.Count > 0)
            step.Note($"Made for this user, with mode 0755 at most, because the profile does not select them and another machine made the point: {Quantity.List(report.Foreign, MostNamed)}.");
        step.Note(Count(report));
    }

    /// <summary>
    /// Formats the number of restored files. Directories, links and other entries are not counted, and neither are
    /// files that existed unchanged.
    /// </summary>
    private static string Count(RestoreReport report)
    {
        var keptOthers = report.Kept - report.KeptFiles - report.KeptDirectories;
        return $"Files: {report.Files - report.KeptFiles} restored, {report.KeptFiles} unchanged, {ByteSize.Describe(report.Bytes)} in all. "
            + $"Directories: {report.Directories - report.KeptDirectories} restored, {report.KeptDirectories} unchanged. "
            + $"Links and other entries: {report.Others - keptOthers} restored, {keptOthers} unchanged. Moved aside: {report.MovedAside.Count}.";
    }

    private void ReportOutside(StepContext step)
    {
        if (outside.Paths.Count == 0) return;
        if (session.WritesUnselected) step.Note($"Not selected by the profile, but in the point and written as well: {outside.Named}.");
        else step.Warn(Catalogue.RestoreUnselected.With(
            $"The recovery point has files that the profile does not select, and they were left out: {Quantity.List(outside.Paths, MostNamed)}."));
    }

    // Below a target, files are only inspected; in place they are used, and their intended owner cannot access them.
    private void ReportOwners(StepContext step)
    {
        if (forecast.Missing.ToList() is not { Count: > 0 } missing || !Environment.IsPrivilegedProcess) return;
        var named = string.Join(", ", missing.Select(owner => $"{(owner.IsGroup ? "group" : "user")} {owner.Name} ({owner.Number})"));
        var text = $"Files belong to numbers of owners that do not exist on this machine: {named}.";
        if (session.Target is null)
            step.Warn(Catalogue.RestoreOwners.With(text));
        else
            step.Note(text);
    }
}
