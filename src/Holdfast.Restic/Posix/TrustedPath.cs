namespace Holdfast.Restic.Posix;

/// <summary>
/// Goes to a folder along a path that may have symlinks in it. A link is followed only where root alone (or the running user) could have made
/// it: it and every folder on the way to it belong to these two, and nobody else may write there.
/// </summary>
internal sealed class TrustedPath : IDisposable
{
    private const int MostLinks = 40; // as the kernel

    private readonly Stack<string> _names = new();
    private readonly string _path;
    private OpenFolder _at;
    private int _links, _plain;

    private TrustedPath(OpenFolder at, bool isTrusted, string path) => (_at, IsTrusted, _path) = (at, isTrusted, path);

    /// <summary>Every folder so far, this one included, is one in which only root and the running user can rename their entries.</summary>
    public bool IsTrusted { get; private set; }

    /// <summary>Goes on from an open folder to where a symlink in it leads; null when that is no folder.</summary>
    /// <exception cref="PosixException">ELOOP: somebody else could have made the link, or one behind it.</exception>
    public static (OpenFolder Folder, bool IsTrusted)? Follow(OpenFolder folder, bool isTrusted, string link)
    {
        var path = folder.PathOf(link);
        using var walk = new TrustedPath(new OpenFolder(folder.OpenPlace("."), folder.Path), isTrusted, path);
        walk._names.Push(link);
        return walk.Run(make: null) ? (walk.Take(), walk.IsTrusted) : null;
    }

    /// <summary>Goes to an absolute path. What does not exist on it is made by <paramref name="make"/>, which gets the folder, the name and whether the
    /// folder is trusted; where it makes nothing, the result is null.</summary>
    /// <param name="path">The path.</param>
    /// <param name="make">Makes a folder; true when it did.</param>
    /// <param name="plain">How many names at the path's end may be no links at all, whoever has made them.</param>
    /// <exception cref="PosixException">It cannot be reached or made, or another user could lead it elsewhere (ELOOP).</exception>
    public static (OpenFolder Folder, bool IsTrusted)? Open(string path, Func<OpenFolder, string, bool, bool>? make, int plain = 0)
    {
        using var walk = new TrustedPath(OpenFolder.Root(), isTrusted: true, path) { _plain = plain };
        walk.IsTrusted = Trust.Protects(walk._at.Status);
        walk.Push(path);
        return walk.Run(make) ? (walk.Take(), walk.IsTrusted) : null;
    }

    public void Dispose() => _at.Dispose();

    private OpenFolder Take()
    {
        var taken = new OpenFolder(_at.Handle, _path == "/" ? "" : _path);
        _at = new OpenFolder(new Microsoft.Win32.SafeHandles.SafeFileHandle(), "");
        return taken;
    }

    private void Push(string path)
    {
        foreach (var name in path.Split('/').Reverse())
            if (name is not ("" or ".")) _names.Push(name);
    }

    private bool Run(Func<OpenFolder, string, bool, bool>? make)
    {
        while (_names.TryPop(out var name))
        {
            if (name == "..")
            {
                if (!IsTrusted) throw Untrusted($"leads upwards out of {_at.Path}, which others can move");
                Go(_at.Open(".."), isTrusted: true);
                continue;
            }
            if (!_at.TryFind(name, out var status))
            {
                if (make?.Invoke(_at, name, IsTrusted) != true) return false;
                if (!_at.TryFind(name, out status)) throw Untrusted($"was removed again at {_at.PathOf(name)}");
            }
            if (status.IsSymlink)
                FollowLink(name, status);
            else if (status.IsFolder)
                Enter(name);
            else
                return make is null ? false : throw Untrusted($"cannot be reached, for {_at.PathOf(name)} is no folder");
        }
        return true;
    }

    private void FollowLink(string name, in FileStatus link)
    {
        if (_names.Count < _plain) throw Untrusted($"goes through the symbolic link {_at.PathOf(name)}, which would lead it out of the directory that it has to stay in");
        if (!IsTrusted || !Trust.IsOurs(link))
            throw Untrusted($"goes through the symbolic link {_at.PathOf(name)}, which another user than root can have made, so it was not followed");
        if (++_links > MostLinks) throw Untrusted("has more symbolic links in it than the kernel follows");
        var target = _at.ReadLink(name);
        if (target.StartsWith('/'))
        {
            var root = OpenFolder.Root();
            Go(root, Trust.Protects(root.Status));
        }
        Push(target);
    }

    private void Enter(string name)
    {
        var next = _at.Open(name);
        Go(next, IsTrusted && Trust.Protects(next.Status));
    }

    private void Go(OpenFolder next, bool isTrusted)
    {
        _at.Dispose();
        (_at, IsTrusted) = (next, isTrusted);
    }

    private PosixException Untrusted(string why) => PosixException.Refused(_path, $"{_path} {why}");
}
