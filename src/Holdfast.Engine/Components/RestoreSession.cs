using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Components;

/// <summary>What a component's restore steps share.</summary>
public sealed class RestoreSession
{
    public required Repository Repository { get; init; }
    public required Snapshot Point { get; init; }
    public required Manifest Manifest { get; init; }

    /// <summary>A directory that everything is restored below instead of its own place; null for the place it came from.</summary>
    public string? Target { get; init; }

    /// <summary>What exists is replaced instead of moved aside.</summary>
    public bool Overwrite { get; init; }

    public IReadOnlyList<string> Include { get; init; } = [];
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>What of the point is asked for: see <see cref="Selection"/>. Nothing means all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>The parts of a component that are asked for by their names; null when it is asked for as a whole.</summary>
    /// <param name="component">Its name: "postgres/main".</param>
    public IReadOnlyList<string>? PartsOf(string component) => Selection.PartsOf(component, component.Split('/')[0], Only);

    /// <summary>Whether a part of a component is asked for, as far as <see cref="Only"/> has a say.</summary>
    public bool Asks(string component, string part) => PartsOf(component)?.Contains(part, StringComparer.Ordinal) ?? true;

    /// <summary>Whether less than all of a component is asked for.</summary>
    public bool IsLimited(string component) => Include.Count + Exclude.Count > 0 || PartsOf(component) is not null;

    /// <summary>How far databases are brought, and where.</summary>
    public RecoveryRequest Recovery { get; init; } = RecoveryRequest.None;

    /// <summary>Under which names search indices come back, and whether their aliases lead to them.</summary>
    public IndexNaming Indices { get; init; } = IndexNaming.None;

    /// <summary>How files are compared, owned and given rights.</summary>
    public FileRules Files { get; init; } = FileRules.Usual;

    /// <summary>How anything of the point is written. Below a target files are looked at, not used, so nothing there gives rights unless it was asked for.</summary>
    public RestoreOptions Options => new()
    {
        Existing = Overwrite ? ExistingFiles.Overwrite : ExistingFiles.MoveAside,
        AsideSuffix = AsideSuffix,
        PlainModes = Target is not null && !Files.PrivilegedModes,
    };

    /// <summary>What stays of a step that writes files below a target when it is interrupted, see <see cref="Planning.Step.Remains"/>.</summary>
    public const string WrittenFilesRemain = "Files that it had written below the target stay, each of them whole.";

    /// <summary>Writes a folder of the recovery point below <see cref="Target"/> as files, and shows them in the figures of the step.</summary>
    /// <param name="folder">A folder of the point: "/postgres/main".</param>
    /// <param name="include">Patterns below the folder; nothing means all.</param>
    /// <param name="step">Whose figures they are.</param>
    /// <param name="cancellation">Stops it; what was written stays.</param>
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

    /// <summary>More than a person looks through: so much of one component is not restored in place, unless the point was made here.</summary>
    public const int MostUnselected = 1000;

    /// <summary>Whether a person must say so before anything is restored that the profile does not select: in place, from a point that another machine made, by a profile that is not the point's own.</summary>
    public bool IsConfined => Target is null && !IsOurs && !HasOwnProfile;

    /// <summary>Whether files of the point that the profile does not select are written, too; a person who has said so sets it.</summary>
    public bool WritesUnselected
    {
        get => field || !IsConfined || Files.Unselected;
        set;
    }

    /// <summary>Whether something is restored that the profile does not select: of what a person was asked for, nothing but what was named.</summary>
    /// <param name="what">As in <see cref="AskFor"/>.</param>
    public bool Allows(string what) => !IsConfined || Files.Unselected || (WritesUnselected && _unselected.Contains(what));

    /// <summary>
    /// Whether the point has a say on folders that only lead to what the profile selects: this machine made the point. From any other point such
    /// folders are left alone where they stand. Not asked below a target.
    /// </summary>
    public bool IsOurs { get; init; }

    /// <summary>Whether the profile is the one inside of the point, so that the point is trusted with what is missing.</summary>
    public bool HasOwnProfile { get; init; }

    /// <summary>What the last plan leaves out for that, for a person to be asked.</summary>
    public IReadOnlyList<string> Unselected => [.. _unselected];

    private readonly SortedSet<string> _unselected = new(StringComparer.Ordinal);

    /// <summary>Notes files, folders and parts of servers that are written only when a person says so.</summary>
    public void AskFor(IEnumerable<string> what) => _unselected.UnionWith(what);

    /// <summary>Added to the name of what is moved aside; unique for the run.</summary>
    public required string AsideSuffix { get; init; }

    /// <summary>True while the plan is made for a person to look at: what must be so before the run is told in it, and refused only when it begins.</summary>
    public bool IsForShow { get; set; }

    /// <summary>Says how far the making of a plan is, where that takes long.</summary>
    public Action<string> Report { get; init; } = _ => { };

    private readonly Dictionary<string, object> _remembered = new(StringComparer.Ordinal);

    /// <summary>What took long to find while a plan was made for a person is not looked for again when the run makes its own.</summary>
    public async Task<T> RememberAsync<T>(string what, Func<Task<T>> find)
        where T : notnull
    {
        if (_remembered.TryGetValue(what, out var known)) return (T)known;
        var found = await find();
        _remembered[what] = found;
        return found;
    }

    /// <summary>How many paths could not be restored, where the rest was.</summary>
    public long Failed { get; private set; }

    /// <summary>What a restore that keeps going was refused, as sentences.</summary>
    public IReadOnlyList<string> Lacking => _lacking;

    private readonly List<string> _lacking = [];

    /// <summary>Adds to <see cref="Lacking"/>; the step warns of it as well. Steps come one after the other.</summary>
    public void Lack(string sentence) => _lacking.Add(sentence);

    /// <summary>How many steps put nothing back, because that had been done before or the profile does not name what they are about.</summary>
    public int LeftAlone { get; private set; }

    /// <summary>Adds to <see cref="LeftAlone"/>; steps come one after the other.</summary>
    public void CountLeftAlone() => LeftAlone++;

    /// <summary>Adds to <see cref="Failed"/>; steps come one after the other.</summary>
    public void CountFailed(long paths) => Failed += paths;
}
