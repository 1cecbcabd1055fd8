using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// Refuses paths that a user other than root and the running user could change. As in sshd with StrictModes, every
/// directory on the path counts: a user who can write to one of them can replace the file. In a sticky directory (/tmp)
/// no other user can rename entries of the running user.
/// </summary>
public static class GuardedPath
{
    private const int TypeMask = 0xF000, SymbolicLink = 0xA000, Folder = 0x4000, Sticky = 0x200, WritableByOthers = 0x12; // 0022
    private const int MostLinks = 40; // as the kernel, path_resolution(7)

    /// <summary>Checks the path as far as it exists, through symbolic links.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="what">A description of the path, for the beginning of the message: "The profile".</param>
    /// <exception cref="ProblemException">Another user owns the path or one of its parent directories, or can write to
    /// it: HF-PATH-UNSAFE.</exception>
    public static void Require(string path, string what)
    {
        try
        {
            if (Find(path) is { } weak) throw Unsafe(path, what, weak);
        }
        catch (IOException unknown)
        {
            const int AccessDenied = 13; // errno
            var text = $"{what} '{path}' cannot be checked: {unknown.Message.TrimEnd('.')}.";
            throw unknown.HResult == AccessDenied
                ? Catalogue.PathUnsafe.Throwable(text, "Run as root, or as a user that may look into every directory on the way.", unknown)
                : Catalogue.PathUnsafe.Throwable(text, unknown);
        }
    }

    /// <summary>The first place of a path that another user could change; null when there is none.</summary>
    internal static (string Path, uint User, int Mode)? Find(string path) => Walk(path).Weak;

    /// <summary>
    /// The path with symbolic links resolved that no other user could have made. Links behind the first place that
    /// another user can change are kept.
    /// </summary>
    internal static string Resolve(string path) => Walk(path).Reached;

    private static (string Reached, (string Path, uint User, int Mode)? Weak) Walk(string path)
    {
        var left = new Stack<string>(Parts(path));
        var (reached, links) = ("/", 0);
        if (Weak("/") is { } root) return (path, root);
        while (left.TryPop(out var part))
        {
            var next = part == ".." ? Path.GetDirectoryName(reached) ?? "/" : Path.Combine(reached, part);
            if (LibC.StatusOf(next) is not { } status) return (Path.Combine([next, .. left]), null);
            if (Weak(next) is { } weak) return (Path.Combine([next, .. left]), weak);
            if ((status.Mode & TypeMask) != SymbolicLink)
            {
                reached = next;
                continue;
            }
            if (++links > MostLinks) throw new IOException("too many levels of symbolic links");
            var target = new FileInfo(next).LinkTarget ?? "";
            if (target.StartsWith('/')) reached = "/";
            foreach (var above in Parts(target)) left.Push(above);
        }
        return (reached, null);
    }

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").Reverse();

    private static (string Path, uint User, int Mode)? Weak(string path)
    {
        if (LibC.StatusOf(path) is not { } status) return null;
        var isOurs = status.User == 0 || status.User == LibC.EffectiveUser;
        var type = status.Mode & TypeMask;
        var isGuarded = type == SymbolicLink || (status.Mode & WritableByOthers) == 0 || (type == Folder && (status.Mode & Sticky) != 0);
        return isOurs && isGuarded ? null : (path, status.User, status.Mode & 0xFFF);
    }

    private static ProblemException Unsafe(string path, string what, (string Path, uint User, int Mode) weak)
    {
        var isForeign = weak.User != 0 && weak.User != LibC.EffectiveUser;
        var mode = Convert.ToString(weak.Mode, 8).PadLeft(4, '0');
        var place = weak.Path == path ? "it" : $"'{weak.Path}'";
        var reason = isForeign ? $"{place} belongs to another user (uid {weak.User})" : $"{place} can be written by other users (mode {mode})";
        var owner = LibC.EffectiveUser == 0 ? "root" : Environment.UserName;
        return Catalogue.PathUnsafe.Throwable($"{what} '{path}' is not used: {reason}.", isForeign ? $"Run 'chown {owner} {weak.Path}' after a look at what it holds." : $"Run 'chmod go-w {weak.Path}' after a look at what it holds.");
    }
}
