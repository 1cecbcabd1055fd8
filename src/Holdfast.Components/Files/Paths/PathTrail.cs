using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files.Paths;

/// <summary>
/// The links and the final place to which a path resolves on disk. All of it is captured under its real path, so that a
/// restore never puts a folder in the place of a link.
/// </summary>
/// <param name="Links">The links passed, in order, without those that belong to the distribution's own layout.</param>
/// <param name="Place">
/// The real path of the file or folder at the end; null when there is none, or when nothing is to be copied.
/// </param>
/// <param name="Lost">The target of a dangling link; null when everything was found.</param>
internal sealed record PathTrail(IReadOnlyList<string> Links, string? Place, string? Lost)
{
    /// <summary>A link that was not followed, with the reason; null when all were.</summary>
    public RefusedLink? Refused { get; init; }

    /// <summary>
    /// The kernel's file system in which the path ends, and of which nothing is captured; null otherwise.
    /// </summary>
    public string? KernelFileSystem { get; init; }

    // The limit of Linux. Source: path_resolution(7).
    private const int MostLinks = 40;

    // Links that come with the distribution: the machine that is restored has its own.
    private static readonly HashSet<string> _systemLinks = new(
        ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/var/run", "/var/lock", "/var/mail"], StringComparer.Ordinal);

    // Paths of the kernel, not files: a unit that is masked is a link to /dev/null.
    private static readonly string[] _kernelPlaces = ["/dev/", "/proc/", "/sys/"];

    /// <summary>
    /// Resolves a path. A link is followed only when root alone could have created it: any other user who may write to
    /// it, or to a folder above it, would control what is captured from the machine, and rolled back by a restore.
    /// </summary>
    public static PathTrail Follow(string path)
    {
        var trail = Follow(path, LocalEntries.IsOursAlone);
        if (trail.Refused is not { } refused) return trail;
        var whole = Follow(path, _ => true);
        // A link without a target, or with a target of the kernel, adds nothing to the selection.
        if (whole.Place is null && whole.Refused is null) return whole;
        return trail with { Refused = refused with { Target = whole.Place ?? "/" } };
    }

    private static PathTrail Follow(string path, Func<string, bool> isTrusted)
    {
        var links = new List<string>();
        var ahead = new Stack<string>(Parts(path).Reverse());
        var place = "";
        for (var passed = 0; ahead.TryPop(out var part);)
        {
            var next = Append(place, part);
            if (Disk.LinkTarget(next) is not { } target)
            {
                place = next;
                continue;
            }
            if (++passed > MostLinks) return new(links, null, path);
            if (!_systemLinks.Contains(next)) links.Add(next);
            if (!isTrusted(next)) return new(links, null, null) { Refused = new(next, target, "others than root can change it") };
            if (target.StartsWith('/')) place = "";
            foreach (var further in Parts(target).Reverse()) ahead.Push(further);
        }
        return Ended(path, links, place);
    }

    private static PathTrail Ended(string path, List<string> links, string place)
    {
        if (_kernelPlaces.FirstOrDefault(kernel => place.StartsWith(kernel, StringComparison.Ordinal)) is { } kernel)
            return new(links, null, null) { KernelFileSystem = kernel.Trim('/') };
        if (place.Length == 0)
        {
            return path.Trim('/').Length == 0 ? new(links, "/", null)
                : new(links, null, null) { Refused = new(links.Count > 0 ? links[^1] : path, "/", "it would bring the whole machine in") };
        }
        if (Disk.TypeOf(place) is null) return new(links, null, place);
        return LocalEntries.KernelFileSystem(place) is { } fileSystem
            ? new(links, null, null) { KernelFileSystem = fileSystem } : new(links, place, null);
    }

    private static string[] Parts(string path) => [.. path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part is not ".")];

    private static string Append(string place, string part) =>
        part is not ".." ? $"{place}/{part}" : place[..Math.Max(0, place.LastIndexOf('/'))];
}
