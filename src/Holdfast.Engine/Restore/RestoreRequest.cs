using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Restore;

/// <summary>What a restore is asked to do.</summary>
public sealed record RestoreRequest
{
    public required RepositorySettings Repository { get; init; }

    /// <summary>Makes the components of a profile.</summary>
    public required Func<Profile, IReadOnlyList<IComponent>> Compose { get; init; }

    /// <summary>Steps that follow those of files that are restored in place: they let a program of this machine read its files again. The argument finds out whether the point holds a path.</summary>
    public Func<Func<string, Task<bool>>, Task<IReadOnlyList<Step>>> AfterFiles { get; init; } = _ => Task.FromResult<IReadOnlyList<Step>>([]);

    /// <summary>An id, the beginning of one, or "latest".</summary>
    public string Point { get; init; } = "latest";

    /// <summary>The profile to restore by; null for the one inside of the point, as on an empty machine.</summary>
    public Profile? Profile { get; init; }

    /// <summary>Names or kinds of components, or parts of them ("postgres:shop"); nothing means all that the point holds.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Whether what the point holds of a component is asked for.</summary>
    public bool Asks(ComponentRecord record) => Selection.Has(record, Only);

    /// <summary>A directory that everything is restored below; null for where it came from.</summary>
    public string? Target { get; init; }

    /// <summary>What exists is replaced instead of moved aside.</summary>
    public bool Overwrite { get; init; }

    /// <summary>The repository is not locked: for one that is read-only, or when nobody else uses it.</summary>
    public bool NoLock { get; init; }

    public IReadOnlyList<string> Include { get; init; } = [];
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>How far databases are brought, and where.</summary>
    public RecoveryRequest Recovery { get; init; } = RecoveryRequest.None;

    /// <summary>Under which names search indices come back, and whether their aliases lead to them.</summary>
    public IndexNaming Indices { get; init; } = IndexNaming.None;

    /// <summary>How files are compared, owned and given rights.</summary>
    public FileRules Files { get; init; } = FileRules.Usual;
}
