using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>Whom files of a snapshot belong to on this machine: the one owner of the options; or who has the same name, or else the same number.</summary>
internal sealed class OwnerMap(RestoreOptions options)
{
    public uint User(Node node) => options.Owner?.User ?? (options.NumericOwner || node.User.Length == 0 ? node.Uid : Accounts.UserNumber(node.User) ?? node.Uid);

    public uint Group(Node node) => options.Owner?.Group ?? (options.NumericOwner || node.Group.Length == 0 ? node.Gid : Accounts.GroupNumber(node.Group) ?? node.Gid);
}
