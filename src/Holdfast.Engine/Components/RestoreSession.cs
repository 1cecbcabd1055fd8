using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Components;

/// <summary>The state shared by a component's restore steps.</summary>
public sealed class RestoreSession
{
    public required Repository Repository { get; init; }
    public required Snapshot Point { get; init; }
    public required Manifest Manifest { get; init; }

    /// <summary>A directory that everything is restored below instead of its own place; null for the place it came from.</summary>
    public string? Target { get; init; }

    /// <summary>Existing objects are replaced instead of moved aside.</summary>
    public bool Overwrite { get; init; }

    public IReadOnlyList<string> Include { get; init; } = [];
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The parts of the point that are selected: see <see cref="Selection"/>. Empty means all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>
    /// The parts of a component that are selected by their names; null when it is selected as a whole.
    /// </summary>
    /// <param name="component">Its name: "postgres/main".</param>
    public IReadOnlyList<string>? PartsOf(string component) => Selection.PartsOf(component, component.Split('/')[0], Only);

    /// <summary>Whether a part of a component is selected by <see cref="Only"/>.</summary>
    public bool Asks(string component, string part) => PartsOf(component)?.Contains(part, StringComparer.Ordinal) ?? true;

    /// <summary>Whether less than all of a component is selected.</summary>
    public bool IsLimited(string component) => Include.Count + Exclude.Count > 0 || PartsOf(component) is not null;

    /// <summary>The recovery target of databases, and where they are restored.</summary>
    public RecoveryRequest Recovery { get; init; } = RecoveryRequest.None;

    /// <summary>The names that search indices are restored under, and whether their aliases point to them.</summary>
    public IndexNaming Indices { get; init; } = IndexNaming.None;

    /// <summary>How files are compared, owned and given rights.</summary>
    public FileRules Files { get; init; } = FileRules.Usual;

    /// <summary>
    /// How objects of the point are written. Files below a target are inspected, not used, so nothing there grants
    /// permissions unless that was requested.
    /// </summary>
    public RestoreOptions Options => new()
    {
        Existing = Overwrite ? ExistingFiles.Overwrite : ExistingFiles.MoveAside,
        AsideSuffix = AsideSuffix,
        PlainModes = Target is not null && !Files.PrivilegedModes,
    };

    /// <summary>
    /// What remains of a step that writes files below a target when it is interrupted, see <see
    /// cref="Planning.Step.Remains"/>.
    /// </summary>
    public const string WrittenFilesRemain = "Files that it had written below the target stay, each of them whole.";

    /// <summary>
    /// Writes a folder of the recovery point below <see cref="Target"/> as files, and counts them in the counters of
    /// the step.
    /// </summary>
    /// <param name="folder">A folder of the point: "/postgres/main".</param>
    /// <param name="include">Patterns below the folder; empty means all.</param>
    /// <param name="step">The step whose counters are incremented.</param>
    /// <param name="cancellation">Stops the restore; what was written remains.</param>
    /// <exception cref="ProblemException">A file could not be written: HF-RESTORE-FAILURES.</exception>
    public async Task<RestoreReport> WriteFolderAsync(string folder, IReadOnlyList<string> include, StepContext step, CancellationToken cancellation)
    {
        var options = Options with { Below = Target, Include = include };
        step.Counters.Follow(options.Counters);
        var report = await Repository.RestoreAsync(Point, folder, Path.Join(Target, folder), options, cancellation);
        if (report.Failures is [var first, ..])
            throw Catalogue.RestoreFailures.Throwable($"{report.Failures.Count} files of {folder} could not be written, the first is {first.Path}: {first.Error}");
        return report;
    }

    /// <summary>
    /// The largest number of unselected objects of one component that a restore in place accepts, unless the point was
    /// made on this machine: a person could not check more.
    /// </summary>
    public const int MostUnselected = 1000;

    /// <summary>
    /// Whether a person must confirm the restore of objects that the profile does not select: in place, from a point
    /// that another machine made, with a profile other than the point's own.
    /// </summary>
    public bool IsConfined => Target is null && !IsOurs && !HasOwnProfile;

    /// <summary>
    /// Whether objects of the point that the profile does not select are restored, too; set when a person has confirmed
    /// it.
    /// </summary>
    public bool WritesUnselected
    {
        get => field || !IsConfined || Files.Unselected;
        set;
    }

    /// <summary>
    /// Whether an object that the profile does not select may be restored: of the objects that a person was asked
    /// about, only those that were listed.
    /// </summary>
    /// <param name="what">As in <see cref="AskFor"/>.</param>
    public bool Allows(string what) => !IsConfined || Files.Unselected || (WritesUnselected && _unselected.Contains(what));

    /// <summary>
    /// Whether the point decides about folders that are only parents of what the profile selects: true when this
    /// machine made the point. With any other point such folders are left as they are. Not used below a target.
    /// </summary>
    public bool IsOurs { get; init; }

    /// <summary>
    /// Whether the restore uses the profile in the point, which is then trusted with missing objects.
    /// </summary>
    public bool HasOwnProfile { get; init; }

    /// <summary>The objects that the last plan leaves out for that reason, to be confirmed by a person.</summary>
    public IReadOnlyList<string> Unselected => [.. _unselected];

    private readonly SortedSet<string> _unselected = new(StringComparer.Ordinal);

    /// <summary>Records files, folders and parts of servers that are restored only when a person confirms it.</summary>
    public void AskFor(IEnumerable<string> what) => _unselected.UnionWith(what);

    /// <summary>The suffix of moved-aside copies; unique for the run.</summary>
    public required string AsideSuffix { get; init; }

    /// <summary>
    /// True while the plan is made for a person to read: preconditions of the run are then only reported, and are
    /// enforced when it begins.
    /// </summary>
    public bool IsForShow { get; set; }

    /// <summary>Reports the progress of planning, where that takes long.</summary>
    public Action<string> Report { get; init; } = _ => { };

    private readonly Dictionary<string, object> _remembered = new(StringComparer.Ordinal);

    /// <summary>
    /// Results of long searches while a plan was made for a person are reused when the run makes its own plan.
    /// </summary>
    public async Task<T> RememberAsync<T>(string what, Func<Task<T>> find)
        where T : notnull
    {
        if (_remembered.TryGetValue(what, out var known)) return (T)known;
        var found = await find();
        _remembered[what] = found;
        return found;
    }

    /// <summary>The number of paths that could not be restored, although the rest was.</summary>
    public long Failed { get; private set; }

    /// <summary>The parts that a server refused in a restore that keeps going, as sentences.</summary>
    public IReadOnlyList<string> Lacking => _lacking;

    private readonly List<string> _lacking = [];

    /// <summary>
    /// Adds to <see cref="Lacking"/>; the step also reports a warning. Steps run one after the other.
    /// </summary>
    public void Lack(string sentence) => _lacking.Add(sentence);

    /// <summary>
    /// The number of steps that restored nothing, because it had been restored before or the profile does not name
    /// their object.
    /// </summary>
    public int LeftAlone { get; private set; }

    /// <summary>Adds to <see cref="LeftAlone"/>; steps run one after the other.</summary>
    public void CountLeftAlone() => LeftAlone++;

    /// <summary>Adds to <see cref="Failed"/>; steps run one after the other.</summary>
    public void CountFailed(long paths) => Failed += paths;
}
