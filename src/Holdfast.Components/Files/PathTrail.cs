namespace Holdfast.Components.Files;

/// <summary>
/// What a path goes through on disk: the links on its way and at its end, and the place where it really stands. All of it
/// is captured under its real path, so that a restore never puts a folder where a link stood.
/// </summary>
/// <param name="Links">Links passed, in order, without the ones that belong to the distribution's own layout.</param>
/// <param name="Place">The real path of the file or folder at the end; null when there is none, or nothing to be copied.</param>
/// <param name="Lost">Where a link points to in vain; null when everything was found.</param>
internal sealed record PathTrail(IReadOnlyList<string> Links, string? Place, string? Lost)
{
    // As many as Linux follows. Source: path_resolution(7).
    private const int MostLinks = 40;

    // Links that come with the system: a machine that is to be restored has its own.
    private static readonly HashSet<string> _systemLinks = new(
        ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/var/run", "/var/lock", "/var/mail"], StringComparer.Ordinal);

    // Not files, but the kernel's: a unit that is masked is a link to /dev/null.
    private static readonly string[] _kernelPlaces = ["/dev/", "/proc/", "/sys/"];

    public static PathTrail Follow(string path)
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
            if (target.StartsWith('/')) place = "";
            foreach (var further in Parts(target).Reverse()) ahead.Push(further);
        }
        return Ended(path, links, place);
    }

    private static PathTrail Ended(string path, List<string> links, string place)
    {
        if (_kernelPlaces.Any(kernel => place.StartsWith(kernel, StringComparison.Ordinal))) return new(links, null, null);
        if (place.Length == 0) return path.Trim('/').Length == 0 ? new(links, "/", null) : new(links, null, null);
        return Disk.TypeOf(place) is null ? new(links, null, place) : new(links, place, null);
    }

    private static string[] Parts(string path) => [.. path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part is not ".")];

    private static string Append(string place, string part) =>
        part is not ".." ? $"{place}/{part}" : place[..Math.Max(0, place.LastIndexOf('/'))];
}
