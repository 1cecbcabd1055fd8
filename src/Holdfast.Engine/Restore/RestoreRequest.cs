using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Restore;

/// <summary>The options of a restore.</summary>
public sealed record RestoreRequest
{
    public required RepositorySettings Repository { get; init; }

    /// <summary>Creates the components of a profile.</summary>
    public required Func<Profile, IReadOnlyList<IComponent>> Compose { get; init; }

    /// <summary>
    /// Steps after those that restore files in place: they make a program of this machine read its files again. The
    /// argument reports whether the point holds a path.
    /// </summary>
    public Func<Func<string, Task<bool>>, Task<IReadOnlyList<Step>>> AfterFiles { get; init; } = _ => Task.FromResult<IReadOnlyList<Step>>([]);

    /// <summary>An id, the beginning of one, or "latest".</summary>
    public string Point { get; init; } = "latest";

    /// <summary>The profile to restore by; null for the one in the point, as on an empty machine.</summary>
    public Profile? Profile { get; init; }

    /// <summary>
    /// Names or kinds of components, or parts of them ("postgres:shop"); empty means everything in the point.
    /// </summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Whether a component of the point is selected.</summary>
    public bool Asks(ComponentRecord record) => Selection.Has(record, Only);

    /// <summary>A directory that everything is restored below; null for the original places.</summary>
    public string? Target { get; init; }

    /// <summary>What exists is replaced instead of moved aside.</summary>
    public bool Overwrite { get; init; }

    /// <summary>The repository is not locked: for a read-only one, or when no other process uses it.</summary>
    public bool NoLock { get; init; }

    public IReadOnlyList<string> Include { get; init; } = [];
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The recovery target of databases, and where they are restored.</summary>
    public RecoveryRequest Recovery { get; init; } = RecoveryRequest.None;

    /// <summary>The names that search indices are restored under, and whether their aliases point to them.</summary>
    public IndexNaming Indices { get; init; } = IndexNaming.None;

    /// <summary>How files are compared, owned and given rights.</summary>
    public FileRules Files { get; init; } = FileRules.Usual;
}
