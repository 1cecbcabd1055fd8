namespace Holdfast.Engine.Hosts;

/// <summary>
/// Finds out whether root alone decides what a path points to. A link is followed only when root made it, in a folder
/// where no other user can exchange it: the rule of systemd's CHASE_SAFE. From the first folder that another user can
/// write to, root must act as that user.
/// </summary>
public static class TrustedPath
{
    private const int MostLinks = 40;

    /// <summary>Follows a path from the root of the file system.</summary>
    /// <param name="path">An absolute path; its end need not exist.</param>
    /// <returns>The owner of the first folder on the path in which a user other than root can exchange the next entry;
    /// null where there is none.</returns>
    /// <exception cref="IOException">A link is in such a folder, or below it.</exception>
    public static (uint User, uint Group)? Keeper(string path) => Follow(path, out var link) is var keeper && link is null ? keeper : throw new IOException($"{link} is a link that another user than root can exchange");

    /// <summary>The user who can redirect a path by a link; null where the path has no link except root's.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="link">The first such link.</param>
    public static (uint User, uint Group)? LinkedBy(string path, out string? link)
    {
        var keeper = Follow(path, out link);
        return link is null ? null : keeper;
    }

    /// <summary>Follows a path up to the first link that another user can exchange.</summary>
    private static (uint User, uint Group)? Follow(string path, out string? link)
    {
        link = null;
        var parts = new Stack<string>(Parts(path).Reverse());
        var (at, links, keeper) = ("", 0, ((uint, uint)?)null);
        while (parts.TryPop(out var name))
        {
            var folder = FileFacts.Of(at.Length == 0 ? "/" : at);
            var found = FileFacts.TryFind($"{at}/{name}");
            keeper ??= KeeperOf(at, folder, found);
            if (found is not { } entry) return keeper;
            if (!entry.IsLink)
            {
                at = $"{at}/{name}";
                continue;
            }
            if (keeper is not null || entry.User != 0)
            {
                link = $"{at}/{name}";
                return keeper ?? (entry.User, entry.Group);
            }
            if (++links > MostLinks) throw new IOException($"{path} leads over too many links");
            var target = new FileInfo($"{at}/{name}").LinkTarget ?? "";
            if (target.StartsWith('/')) at = "";
            foreach (var part in Parts(target).Reverse()) parts.Push(part);
        }
        return keeper;
    }

    /// <summary>
    /// The first folder of a path that another user controls: the user to act as for what is created or moved at the
    /// end of the path.
    /// </summary>
    public static ActingUser ActAsKeeper(string path) => ActingUser.As(Environment.IsPrivilegedProcess ? Keeper(path) : null);

    /// <summary>
    /// Reads a small file of a service, as UTF-8, with the rights of the user who can exchange it: no link then exposes
    /// what that user could not read.
    /// </summary>
    /// <exception cref="IOException">The file does not exist, is not a regular file, is larger than <paramref
    /// name="limit"/>, or is reached through a link that a user other than root can exchange.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refuses to act as that user.</exception>
    public static string ReadText(string path, int limit)
    {
        using var acting = ActAsKeeper(path);
        return OwnedFile.ReadText(path, limit, followLinks: true);
    }

    /// <summary>
    /// In a folder for all users, such as /tmp, the owner of an entry keeps it; root's own entries are safe there, but
    /// not in a folder without the sticky bit.
    /// </summary>
    private static (uint User, uint Group)? KeeperOf(string path, FileFacts folder, FileFacts? entry)
    {
        if (!folder.LetsOthersExchange(entry?.User ?? 0)) return null;
        if (folder.User != 0) return (folder.User, folder.Group);
        return entry is { User: not 0 } owned && folder.IsSticky ? (owned.User, owned.Group) : throw new IOException($"other users than root can write in {path}");
    }

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".");
}
