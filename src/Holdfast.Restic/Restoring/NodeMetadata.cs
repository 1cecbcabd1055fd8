using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Gives owner, attributes, mode and times to what is open, in this order: a change of owner clears setuid and capabilities,
/// setting an attribute needs the right to write, and all of them touch the times. Paths are for messages only.
/// </summary>
internal sealed class NodeMetadata(RestoreOptions options)
{
    private const uint SetIdBits = 0xC00;
    private const uint Plain = 0x1ED; // 0755
    private const string Capabilities = "security.capability";

    private readonly OwnerMap _owners = new(options);

    /// <summary>Sets all metadata (a symlink has owner and times only). Returns what failed, or null; the rest is set.</summary>
    public string? Apply(Node node, SafeFileHandle file, string path)
    {
        var failures = new List<string>();
        var owned = SetOwner(node, file, path, failures);
        if (node.Type != NodeType.Symlink)
        {
            SetAttributes(node, file, path, failures);
            Note(failures, () => MetadataCalls.SetPermissions(file, Permissions(node) & ~(owned ? 0 : SetIdBits), path));
        }
        Note(failures, () => MetadataCalls.SetTimes(file, node.AccessTime, node.ModifyTime, path));
        return failures.Count == 0 ? null : string.Join("; ", failures);
    }

    /// <summary>Sets the mode of a folder that stays the running user's. What this user kept from others in the snapshot is kept from them here.</summary>
    public string? ApplyPlain(Node node, SafeFileHandle folder, string path)
    {
        var mode = _owners.User(node) == Accounts.EffectiveUser ? Plain & NodeMode.ToPermissions(node.Mode) : Plain;
        return TargetFailure.Try(() => MetadataCalls.SetPermissions(folder, mode, path));
    }

    /// <summary>True when what is open needs nothing set. Only root can give files away, so only root looks at owners.</summary>
    public bool IsSame(Node node, SafeFileHandle file, string path, in FileStatus status)
    {
        if (!node.ModifyTime.IsSameInstant(status.ModifyTime)) return false;
        if (Accounts.EffectiveUser == 0 && !IsOwner(node, status)) return false;
        if (node.Type == NodeType.Symlink) return true;
        return (status.Mode & 0xFFF) == Permissions(node) && HasAttributes(node, file, path);
    }

    /// <summary>True when it belongs to whom it is to belong to.</summary>
    public bool IsOwner(Node node, in FileStatus status) => (_owners.User(node), _owners.Group(node)) == (status.Uid, status.Gid);

    /// <summary>True when a node is left out because it would give rights: a device below a target.</summary>
    public bool LeavesOut(Node node) => options.PlainModes && (node.Type is NodeType.Device or NodeType.CharDevice);

    /// <summary>True when some of the node's rights are not restored.</summary>
    public bool IsReduced(Node node) =>
        options.PlainModes && node.Type != NodeType.Symlink
        && ((NodeMode.ToPermissions(node.Mode) & SetIdBits) != 0 || !node.ExtendedAttributes.All(attribute => IsOfUser(attribute.Name)));

    private uint Permissions(Node node)
    {
        var all = NodeMode.ToPermissions(node.Mode);
        return options.PlainModes ? AccessList.WithoutList(all & ~SetIdBits, node.ExtendedAttributes) : all;
    }

    private IEnumerable<ExtendedAttribute> Attributes(Node node) =>
        options.PlainModes ? node.ExtendedAttributes.Where(attribute => IsOfUser(attribute.Name)) : node.ExtendedAttributes;

    // As cp and tar do: what could not be given to its owner must not run with the rights of another.
    private bool SetOwner(Node node, SafeFileHandle file, string path, List<string> failures)
    {
        try
        {
            MetadataCalls.SetOwner(file, _owners.User(node), _owners.Group(node), path);
            return true;
        }
        catch (PosixException error) when (error.Errno == Errno.EPERM && Accounts.EffectiveUser != 0)
        {
            return false; // only root may; restic, cp and rsync pass over it too
        }
        catch (PosixException error) when (TargetFailure.Fatal(error) is null)
        {
            failures.Add(error.Message);
            return false;
        }
    }

    private void SetAttributes(Node node, SafeFileHandle file, string path, List<string> failures)
    {
        Note(failures, () => RemoveOthers(node, file, path));
        foreach (var attribute in Attributes(node))
            Note(failures, () => AttributeCalls.Set(file, attribute.Name, attribute.Value.Span, path));
    }

    // A file inherits the default ACL of its folder, and what exists may have been given rights since.
    private void RemoveOthers(Node node, SafeFileHandle file, string path)
    {
        foreach (var name in AttributeCalls.List(file, path))
            if (IsOfFile(name) && !Attributes(node).Any(attribute => attribute.Name == name)) AttributeCalls.Remove(file, name, path);
    }

    private bool HasAttributes(Node node, SafeFileHandle file, string path)
    {
        foreach (var name in AttributeCalls.List(file, path))
            if (IsOfFile(name) && !Attributes(node).Any(attribute => attribute.Name == name)) return false;
        return Attributes(node).All(attribute => AttributeCalls.Get(file, attribute.Name, path) is { } value && attribute.Value.Span.SequenceEqual(value));
    }

    // All others say to the kernel or to root what a file may do, or who may use it.
    private static bool IsOfUser(string name) => name.StartsWith("user.", StringComparison.Ordinal);

    // All others belong to the machine, as the label of SELinux, or to the file system.
    private static bool IsOfFile(string name) =>
        IsOfUser(name)
        || (name.StartsWith("trusted.", StringComparison.Ordinal) && !name.StartsWith("trusted.overlay.", StringComparison.Ordinal))
        || name is Capabilities or AccessList.Attribute or AccessList.Default;

    private static void Note(List<string> failures, Action action)
    {
        if (TargetFailure.Try(action) is { } failure) failures.Add(failure);
    }
}
